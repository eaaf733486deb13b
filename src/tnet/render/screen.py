"""Graphviz's SVG made fit for a screen: dark where the reader's is, and with words that no line runs through."""

from __future__ import annotations

from xml.etree import ElementTree

from . import titles
from .strokes import SVG
from .style import DARK_FILLS, FILLS, OUTLINE, PAPER, ROLES

DARK = {
    **{light: dark for light, dark in ROLES.values()},
    **{FILLS[kind]: DARK_FILLS[kind] for kind in FILLS},
    PAPER: ROLES["paper"][1],
    OUTLINE: ROLES["line"][1],
}
"""The dark colour for each that a picture is drawn in."""


def for_screens(svg: str) -> str:
    """The picture with its titles beside the lines, or above them with a rim of paper as shapes are, and colours for
    dark paper.

    The colours that Graphviz writes stay as attributes, for readers of SVG that know no style sheets.
    """
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(svg)
    style = ElementTree.Element(f"{{{SVG}}}style")
    style.text = _style()
    root.insert(0, style)
    (graph,) = root.findall(f"{{{SVG}}}g")
    titles.place(graph)
    words = ElementTree.SubElement(graph, f"{{{SVG}}}g", {"class": "words"})
    for group in list(graph):
        if group.get("class") in ("cluster", "edge"):
            for text in group.findall(f".//{{{SVG}}}text"):
                _parent(group, text).remove(text)
                words.append(text)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _parent(group: ElementTree.Element, child: ElementTree.Element) -> ElementTree.Element:
    return next(each for each in group.iter() if child in list(each))


def _style() -> str:
    rim = "paint-order: stroke; stroke-width: 3px; stroke-linejoin: round"
    dark = " ".join(
        f'[{what}="{light}"] {{ {what}: {dark} }}' for light, dark in DARK.items() for what in ("fill", "stroke")
    )
    paper = [f".words text {{ stroke: {colour}; {rim} }}" for colour in ROLES["paper"]]
    return f"{paper[0]} @media (prefers-color-scheme: dark) {{ {dark} {paper[1]} }}"
