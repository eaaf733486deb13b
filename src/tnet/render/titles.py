"""The titles of blocks in Graphviz's SVG, moved along the tops of their blocks to where no line runs.

Graphviz sets a title to one side and knows of no line through it. `graph.title` makes blocks twice as wide as their
titles, so that beside a single line there is room on one of its sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from .strokes import Point, name, points

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Span = tuple[float, float]

BESIDE = 4.0
"""Points that stay free between a title and a line or border."""
NARROW, BROAD = frozenset(" !',./:;I[]|fijlt()-\"`{}\u00a0"), frozenset("mwMW@%")


def width_of(text: str, size: float, bold: bool = False) -> float:
    """About how wide a text is in Helvetica, or a little less than this."""
    return size * sum(map(_width, text)) * (1.07 if bold else 1)


def _width(letter: str) -> float:
    if east_asian_width(letter) in "WF":
        return 1.05
    if letter in NARROW:
        return 0.33
    return 0.92 if letter in BROAD else 0.75 if letter.isupper() else 0.58


def place(graph: Element) -> None:
    """Move the titles of a graph, the `<g>` that holds all groups of one."""
    groups = list(graph)
    lines = [_bounded(points(each)) for group in groups if group.get("class") == "edge" for each in group]
    words = [_bounds(each) for group in groups if group.get("class") == "edge" for each in group
             if name(each) == "text"]  # fmt: skip
    for group in groups:
        texts = [each for each in group if name(each) == "text"]
        if group.get("class") == "cluster" and texts:
            border = next(points(each) for each in group if points(each))
            _move(texts, (min(x for x, _ in border), max(x for x, _ in border)), lines, words)


def _bounded(line: list[Point]) -> tuple[Span, list[Point]]:
    heights = [y for _, y in line] or [0.0]
    return (min(heights), max(heights)), line


def _bounds(text: Element) -> tuple[Span, Span]:
    """The reach of a text sideways and downwards."""
    x, y, size = (float(text.get(each, "0")) for each in ("x", "y", "font-size"))
    width = width_of("".join(text.itertext()), size, text.get("font-weight") == "bold")
    left = x - {"start": 0.0, "middle": width / 2, "end": width}[text.get("text-anchor", "start")]
    return (left, left + width), (y - size, y + size / 4)


def _move(texts: Sequence[Element], border: Span, lines: Sequence, words: Sequence) -> None:
    reach = [_bounds(each) for each in texts]
    left, right = min(x for (x, _), _ in reach), max(x for (_, x), _ in reach)
    top, bottom = min(y for _, (y, _) in reach), max(y for _, (_, y) in reach)
    taken = [x for (low, high), line in lines if low < bottom and high > top for x in _crossing(line, top, bottom)]
    taken += [sideways for sideways, (low, high) in words if low < bottom and high > top]
    for start, end in _free(border, taken):
        if end - start >= right - left:
            for text in texts:
                text.set("x", f"{float(text.get('x', '0')) + start - left:g}")
            return


def _crossing(line: Sequence[Point], top: float, bottom: float) -> Iterator[Span]:
    """The reach sideways of each piece of a line between two heights."""
    for (x, y), (u, v) in pairwise(line):
        if min(y, v) < bottom and max(y, v) > top:
            shares = [min(1.0, max(0.0, (edge - y) / (v - y))) for edge in (top, bottom)] if v != y else [0.0, 1.0]
            ends = [x + (u - x) * share for share in shares]
            yield min(ends), max(ends)


def _free(border: Span, taken: Sequence[Span]) -> Iterator[Span]:
    """What is left of a block's width, from left to right."""
    at = border[0] + 2 * BESIDE
    for start, end in sorted(taken):
        if border[0] < end and start < border[1]:
            yield at, start - BESIDE
            at = max(at, end + BESIDE)
    yield at, border[1] - BESIDE
