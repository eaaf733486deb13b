"""The page of one run."""

from __future__ import annotations

from .. import highlight, html
from .facts import Facts
from .sections import SECTIONS

STYLE = """
h2 { border-top: 1px solid var(--grid); padding-top: 1.2rem; } h3 { font-size: 1rem; margin: 1rem 0 0.3rem; }
.quiet, figcaption { color: var(--quiet); }
.results { display: flex; flex-wrap: wrap; gap: 0.5rem 2.5rem; margin: 1rem 0; }
.results div { min-width: 6rem; } .results b { display: block; font-size: 1.6rem; line-height: 1.3; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.figures > svg { flex: 0 1 auto; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1rem; }
.pictures.maps { grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
.colours span { margin-right: 1.2rem; } .colours i { display: inline-block; width: 0.8rem; height: 0.8rem;
  margin-right: 0.4rem; border: 1px solid var(--quiet); }
figure { margin: 0; overflow-wrap: anywhere; } figcaption { font-size: 13px; margin-bottom: 0.6rem; }
figure img { image-rendering: pixelated; display: inline-block; max-width: 100%; height: auto; margin-right: 2px; }
figcaption b { color: var(--ink); } figcaption b.wrong { color: var(--5); }
.bar { display: block; background: var(--grid); width: 10rem; height: 0.7rem; }
.bar i { display: block; height: 100%; background: var(--1); }
summary { cursor: pointer; font-weight: 600; margin: 0.5rem 0; }
del, ins { text-decoration: none; display: block; } del { color: var(--5); } ins { color: var(--3); }
"""
WIDTH = "76rem"


def report_page(facts: Facts) -> str:
    """The page as HTML; what the run has nothing of is left out."""
    title = f"{facts.spec}: {facts.path.resolve().name}"
    body = [text for section in SECTIONS for text in section(facts)]
    return html.page(title, [f"<h1>{html.words(title)}</h1>", *body], STYLE + highlight.STYLE, WIDTH, curves=True)
