"""HTML pages that load nothing: light or dark as the reader's screen is, every text escaped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape

from ..diagnostics.render import escape as unsafe
from .canvas import DARK, LIGHT
from .canvas_svg import FONTS, styles

STYLE = """
body { margin: 2rem auto; max-width: MOST; padding: 0 1rem; font: 15px/1.5 FONTS;
  background: var(--paper); color: var(--ink); }
svg { max-width: 100%; height: auto; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p { margin: 0.2rem 0; overflow-wrap: anywhere; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; } th, td { padding: 0.3rem 0.8rem 0.3rem 0; text-align: right; }
th { color: var(--quiet); } tr { border-bottom: 1px solid var(--grid); }
th.text, td.text { text-align: left; }
"""
WIDTH = "60rem"


def page(title: str, body: Iterable[str], style: str = "", width: str = WIDTH) -> str:
    """A whole document; `title` is text, `body` HTML."""
    own = STYLE.replace("FONTS", FONTS).replace("MOST", width)
    light, dark = (_variables(palette) for palette in (LIGHT, DARK))
    colours = f":root {{ {light} }} @media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">', '<meta name="color-scheme" content="light dark">',
        f"<title>{words(title)}</title>", f"<style>{colours}{own}{styles()}{style}</style>", "</head>", "<body>",
        *body, "</body>", "</html>\n",
    ])  # fmt: skip


def _variables(palette: dict[str, str]) -> str:
    return " ".join(f"--{role}: {colour};" for role, colour in palette.items())


def words(text: object) -> str:
    """Text as HTML, on one line: shown, never obeyed, also by the reader's eyes."""
    return escape(unsafe.escape(str(text)))


def lines(text: str) -> str:
    """The same with line breaks and tabs kept."""
    return escape("\t".join(unsafe.lines(each) for each in text.split("\t")))


def table(titles: Sequence[str], rows: Iterable[Sequence[object]], texts: Collection[str] = ()) -> str:
    """A table; the columns titled `texts` are set to the left, the others, of numbers, to the right."""
    return html_table(titles, ([words(cell) for cell in row] for row in rows), texts)


def html_table(titles: Sequence[str], rows: Iterable[Sequence[str]], texts: Collection[str] = ()) -> str:
    """The same of cells that are HTML."""
    looks = [' class="text"' if title in texts else "" for title in titles]
    head = "".join(f"<th{look}>{words(title)}</th>" for title, look in zip(titles, looks, strict=True))
    body = [
        "<tr>" + "".join(f"<td{look}>{cell}</td>" for cell, look in zip(row, looks, strict=True)) + "</tr>"
        for row in rows
    ]
    return "\n".join(['<div class="wide"><table>', f"<tr>{head}</tr>", *body, "</table></div>"])
