"""A plan as a picture: the learning rate and the weight decay of the groups over the run, and when each is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .canvas import Box, Canvas, Text, folded, width_of
from .plan_facts import GroupPlan, PlanFacts
from .plan_text import frozen_until
from .plot import LINE, MARGIN, Axis, Curve, horizontal_axis, plot

WIDTH = 760
NAMES = 0.4
"""The widest that the names beside the timeline may be, as a share of the picture."""


def plan_figure(it: PlanFacts) -> Canvas:
    """Panels below one another, those left out that would say nothing."""
    canvas = Canvas(f"Plan of {it.spec}", WIDTH, MARGIN)
    axis = Axis(it.epochs, "epochs") if it.epochs is not None else Axis(it.steps, "steps")
    rates = [Curve(_names(alike), alike[0].rates, alike[0].thaw) for alike in _alike(it, lambda group: group.rates)]
    if rates:
        plot(canvas, "learning rate", rates, axis)
    if any(_decay(group) for group in it.groups):
        alike = _alike(it, _decay)
        length = len(it.groups[0].rates)
        decays = [Curve(_names(each), [_decay(each[0])] * length, each[0].thaw) for each in alike]
        canvas.height += LINE
        plot(canvas, "weight decay", decays, axis, height=90)
    if any(group.thaw != 0 for group in it.groups):
        canvas.height += LINE
        _timeline(canvas, it, axis)
    canvas.height += MARGIN
    return canvas


def _decay(group: GroupPlan) -> float:
    return float(group.options.get("weight_decay") or 0.0)


def _alike(it: PlanFacts, of: Callable[[GroupPlan], object]) -> list[list[GroupPlan]]:
    """The groups that are ever trained, those together of which a curve would be the same."""
    found: list[list[GroupPlan]] = []
    for group in it.groups:
        if group.thaw is None:
            continue
        same = (each for each in found if each[0].thaw == group.thaw and of(each[0]) == of(group))
        found.append([group]) if (known := next(same, None)) is None else known.append(group)
    return found


def _names(alike: Sequence[GroupPlan]) -> str:
    return "  |  ".join(group.name for group in alike)


def _timeline(canvas: Canvas, it: PlanFacts, axis: Axis) -> None:
    """A bar for each group: grey while it is frozen."""
    canvas.add(Text(MARGIN, canvas.height + LINE, "trained", bold=True))
    canvas.height += 2 * LINE
    wanted = max(width_of(group.name) for group in it.groups)
    widest = min(wanted, canvas.width * NAMES)
    left, right = MARGIN + widest + 12, canvas.width - MARGIN - 8
    for group in it.groups:
        top = canvas.height
        for line in folded(group.name, widest):
            canvas.add(Text(MARGIN, canvas.height + LINE * 0.7, line))
            canvas.height += LINE
        share = 1.0 if group.thaw is None else group.thaw / len(group.rates)
        thaw = left + share * (right - left)
        canvas.add(Box(left, top + 2, thaw - left, LINE - 5, "frozen"), Box(thaw, top + 2, right - thaw, LINE - 5, "1"))
        if share:
            label = "never trained" if group.thaw is None else frozen_until(it, group)
            canvas.add(*_beside(label, left, thaw, right, top + LINE * 0.7))
    canvas.height += 6
    horizontal_axis(canvas, axis, left, right, canvas.height)
    canvas.height += 2 * LINE


def _beside(label: str, left: float, thaw: float, right: float, y: float) -> list[Text]:
    """A label in the part of a bar that holds it: on grey, else on the colour."""
    if width_of(label) + 12 <= thaw - left:
        return [Text(left + 6, y, label)]
    return [Text(thaw + 6, y, label, "paper")] if width_of(label) + 12 <= right - thaw else []
