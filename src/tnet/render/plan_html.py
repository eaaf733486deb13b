"""A plan as one page: the picture, what a step costs and the table of groups. It loads nothing."""

from __future__ import annotations

from html import escape

from .canvas import DARK, LIGHT
from .canvas_svg import FONTS, svg
from .plan_facts import PlanFacts
from .plan_figure import plan_figure
from .plan_text import TEXTS, cost, group_rows, length, optimizers

STYLE = """
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 15px/1.5 FONTS; }
svg { max-width: 100%; height: auto; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p { margin: 0.2rem 0; overflow-wrap: anywhere; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; } th, td { padding: 0.3rem 0.8rem 0.3rem 0; text-align: right; }
th.text, td.text { text-align: left; } tr:last-child td { font-weight: 600; }
"""
PALETTE = (
    "body {{ background: {paper}; color: {ink} }} th {{ color: {quiet} }} tr {{ border-bottom: 1px solid {grid} }}"
)


def plan_html(it: PlanFacts) -> str:
    """The page of a plan."""
    dark = f"@media (prefers-color-scheme: dark) {{ {PALETTE.format(**DARK)} }}"
    style = f"{STYLE.replace('FONTS', FONTS)}{PALETTE.format(**LIGHT)}\n{dark}"
    facts = [*length(it), *optimizers(it), *cost(it)]
    if it.watched:
        facts.append(f"learning rates as if each {' and '.join(it.watched)} were better than the last")
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">', '<meta name="color-scheme" content="light dark">',
        f"<title>Plan of {escape(it.spec)}</title>", f"<style>{style}</style>", "</head>", "<body>",
        f"<h1>Plan of {escape(it.spec)}</h1>", *(f"<p>{escape(each.strip())}</p>" for each in facts),
        svg(plan_figure(it)), "<h2>Parameter groups</h2>", *_table(it), "</body>", "</html>\n",
    ])  # fmt: skip


def _table(it: PlanFacts) -> list[str]:
    titles, rows = group_rows(it)
    classes = [' class="text"' if title in TEXTS else "" for title in titles]
    head = "".join(f"<th{look}>{escape(title)}</th>" for title, look in zip(titles, classes, strict=True))
    body = [
        "<tr>" + "".join(f"<td{look}>{escape(text)}</td>" for text, look in zip(row, classes, strict=True)) + "</tr>"
        for row in rows
    ]
    return ['<div class="wide"><table>', f"<tr>{head}</tr>", *body, "</table></div>"]
