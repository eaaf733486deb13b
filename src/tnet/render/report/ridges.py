"""A parameter's distribution over time: one curve of counts behind the other, the latest in front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..canvas import SIZE, Area, Canvas, Line, Text, folded, width_of
from ..plot import LINE, MARGIN, ticks

WIDTH = 340
MOST = 10
"""Curves of a picture; of more, some at even distances."""
APART, TALL = 9, 46
"""Pixels from one curve to the next, and of the highest one."""
POINTS, LEAST = 48, 12
"""Places of a curve; fewer, down to the least, for parameters of few values, whose counts would be noise."""


def ridges_figure(title: str, found: Sequence[tuple[int, Mapping[str, Any]]], colour: str) -> Canvas | None:
    """The distributions (see `training.rules.histograms`) at some steps; None where there is none with numbers."""
    shown = [(step, each) for step, each in found if each["number"]]
    if not shown:
        return None
    if len(shown) > MOST:
        shown = [shown[round(number * (len(shown) - 1) / (MOST - 1))] for number in range(MOST)]
    low, high = min(each["min"] for _, each in shown), max(each["max"] for _, each in shown)
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        low, high = low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
    canvas = Canvas(title, WIDTH, 0)
    for line in folded(title, WIDTH - 2 * MARGIN):
        canvas.height += LINE
        canvas.add(Text(MARGIN, canvas.height - LINE / 4, line, bold=True))
    label = max(width_of(str(step)) for step, _ in (shown[0], shown[-1]))
    left, right = MARGIN, WIDTH - MARGIN - label - 8
    base = canvas.height + TALL + 6
    for number, (step, each) in enumerate(shown):
        points = _curve(each, low, high, left, right, base + number * APART)
        canvas.add(Area([(left, base + number * APART), *points, (right, base + number * APART)], "paper"))
        canvas.add(Line(points, colour, 1.2))
        if number in (0, len(shown) - 1):
            canvas.add(Text(right + 8, _label_at(number, len(shown), base), str(step), "quiet"))
    canvas.height = _label_at(len(shown) - 1, len(shown), base)
    _axis(canvas, low, high, left, right)
    return canvas


def _label_at(number: int, count: int, base: float) -> float:
    """The first and the last step stand beside their curves, a line apart at least."""
    if number == 0:
        return base
    return base + max((count - 1) * APART, LINE if count > 1 else 0)


def _axis(canvas: Canvas, low: float, high: float, left: float, right: float) -> None:
    y = canvas.height + 4
    canvas.add(Line([(left, y), (right, y)], "quiet"))
    step = list(ticks(0, high - low, 4))[1]
    first = -(-low // step)
    taken = left - 8.0
    for number in range(int((high - low) / step) + 1):
        value = float(f"{(first + number) * step:.9g}") + 0.0
        x = left + (value - low) / (high - low) * (right - left)
        half = width_of(f"{value:g}") / 2
        if x <= right and x - half >= max(taken + 8, 0):
            canvas.add(Line([(x, y), (x, y + 4)], "quiet"), Text(x, y + LINE, f"{value:g}", "quiet", "middle"))
            taken = x + half
    canvas.height = y + LINE + SIZE


def _curve(
    each: Mapping[str, Any], low: float, high: float, left: float, right: float, y: float
) -> list[tuple[float, float]]:
    """Densities, the highest of which is `TALL` pixels high, over the range of all."""
    counts, start = each["counts"], each["min"]
    number_of = max(LEAST, min(POINTS, round(2 * each["number"] ** 0.5)))
    span = (high - low) / number_of
    width = (each["max"] - start) / len(counts) or span
    places = [low + span * (number + 0.5) for number in range(number_of)]
    values = [_between(counts, start, width, place - span / 2, place + span / 2) for place in places]
    most = max(values) or 1.0
    return [
        (left + (place - low) / (high - low) * (right - left), y - value / most * TALL)
        for place, value in zip(places, values, strict=True)
    ]


def _between(counts: Sequence[int], start: float, width: float, low: float, high: float) -> float:
    """How many values lie between two places, as if they lay evenly in their bins."""
    first, last = (int(min(max((place - start) / width, 0), len(counts) - 1)) for place in (low, high))
    total = 0.0
    for number in range(first, last + 1):
        left = start + number * width
        total += counts[number] * max(0.0, min(high, left + width) - max(low, left)) / width
    return total
