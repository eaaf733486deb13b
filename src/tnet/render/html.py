"""HTML pages that load nothing: light or dark as the reader's screen is, every text escaped.

A content security policy lets no script run but `readings.js`, and that only on pages with curves.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from html import escape
from importlib.resources import files

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
.readings { position: fixed; z-index: 1; max-width: min(26rem, 90vw); padding: 0.3rem 0.6rem; font-size: 13px;
  overflow-wrap: anywhere; pointer-events: none; background: var(--paper); border: 1px solid var(--quiet); }
.readings i { display: inline-block; width: 0.7rem; height: 0.7rem; margin-right: 0.4rem; }
.readings span::after { content: " "; white-space: pre; } .readings small { color: var(--quiet); font-size: 1em; }
"""
WIDTH = "60rem"


def page(title: str, body: Iterable[str], style: str = "", width: str = WIDTH, curves: bool = False) -> str:
    """A whole document; `title` is text, `body` HTML. With `curves` their values are shown at the pointer."""
    own = STYLE.replace("FONTS", FONTS).replace("MOST", width)
    light, dark = (_variables(palette) for palette in (LIGHT, DARK))
    colours = f":root {{ {light} }} @media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    script = _script() if curves else ""
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {hashed(script)}"
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}; base-uri \'none\'; form-action \'none\'">',
        '<meta name="viewport" content="width=device-width">', '<meta name="color-scheme" content="light dark">',
        f"<title>{words(title)}</title>", f"<style>{colours}{own}{styles()}{style}</style>", "</head>", "<body>",
        *body, *([f"<script>{script}</script>"] if curves else []), "</body>", "</html>\n",
    ])  # fmt: skip


@cache
def _script() -> str:
    return (files(__package__) / "readings.js").read_text(encoding="utf-8")


def hashed(text: str) -> str:
    """As a content security policy names a script or a style (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


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
