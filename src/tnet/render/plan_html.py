"""A plan as one page: the picture, what a step costs and the table of groups. It loads nothing."""

from __future__ import annotations

from . import html
from .canvas_svg import svg
from .plan_facts import PlanFacts
from .plan_figure import plan_figure
from .plan_text import TEXTS, cost, group_rows, length, optimizers

STYLE = "tr:last-child td { font-weight: 600; }"


def plan_html(it: PlanFacts) -> str:
    """The page of a plan."""
    facts = [*length(it), *optimizers(it), *cost(it)]
    if it.watched:
        facts.append(f"learning rates as if each {' and '.join(it.watched)} were better than the last")
    title = f"Plan of {it.spec}"
    body = [
        f"<h1>{html.words(title)}</h1>", *(f"<p>{html.words(each.strip())}</p>" for each in facts),
        svg(plan_figure(it), alone=False), "<h2>Parameter groups</h2>", html.table(*group_rows(it), TEXTS),
    ]  # fmt: skip
    return html.page(title, body, STYLE, curves=True)
