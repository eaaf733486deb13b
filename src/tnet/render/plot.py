"""Curves over a common axis, drawn on a canvas, with a legend below."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .canvas import DASHES, SERIES, SIZE, Canvas, Line, PlotArea, Text, folded, width_of

LINE = round(SIZE * 1.5)
"""From one line of text to the next."""
MARGIN = 16


@dataclass(frozen=True)
class Curve:
    """Values at equal distances from 0 to the end of the axis; `start` is the first that is drawn."""

    name: str
    values: Sequence[float]
    start: int = 0


@dataclass(frozen=True)
class Axis:
    """The horizontal axis: its end and what it counts."""

    end: float
    unit: str

    @property
    def label(self) -> str:
        """What a place on it is called."""
        return f"after {{}} {self.unit}"


@dataclass(frozen=True)
class Look:
    """How the curves of a plot are told apart."""

    number: int
    width: float = 2

    @property
    def colour(self) -> str:
        return SERIES[self.number % len(SERIES)]

    @property
    def dash(self) -> tuple[int, ...]:
        return DASHES[self.number // len(SERIES) % len(DASHES)]


def plot(canvas: Canvas, title: str, curves: Sequence[Curve], axis: Axis, height: float = 190) -> None:
    """Add a plot below what the canvas has: title, curves from zero up, axis, and the curves' names."""
    top = max((max(curve.values[curve.start :], default=0.0) for curve in curves), default=0.0) or 1.0
    rows = list(ticks(0, top))
    left = MARGIN + max(width_of(f"{row:g}") for row in rows) + 8
    right = canvas.width - MARGIN - 8
    canvas.add(Text(MARGIN, canvas.height + LINE, title, bold=True))
    upper = canvas.height + 2 * LINE
    lower = upper + height
    for row in rows:
        y = lower - row / max(top, rows[-1]) * height
        canvas.add(Line([(left, y), (right, y)], "grid"), Text(left - 8, y + SIZE / 3, f"{row:g}", "quiet", "end"))
    horizontal_axis(canvas, axis, left, right, lower)
    canvas.add(PlotArea(left, upper, right - left, height, axis.label))
    for number, curve in sorted(enumerate(curves), key=lambda each: each[1].start):  # a later start lies on top
        readings = _readings(curve, axis, left, right, lower, height / max(top, rows[-1]))
        canvas.add(curve_of(thinned(readings), curve.name, Look(number)))
    canvas.height = lower + 2 * LINE
    legend(canvas, [(curve.name, Look(number)) for number, curve in enumerate(curves)])


@dataclass(frozen=True)
class Reading:
    """A point of a curve, in pixels, and what it stands for."""

    x: float
    y: float
    place: float
    value: float


def curve_of(readings: Sequence[Reading], name: str, look: Look) -> Line:
    """The line through some points, whose values a page shows."""
    points, values = [(each.x, each.y) for each in readings], [(each.place, each.value) for each in readings]
    return Line(points, look.colour, look.width, look.dash, name, values)


def thinned(readings: Iterable[Reading]) -> list[Reading]:
    """The points, of those on one column of pixels the first, lowest, highest and last."""
    columns: dict[int, list[Reading]] = {}
    for each in readings:
        columns.setdefault(round(each.x), []).append(each)
    found: list[Reading] = []
    for column in columns.values():
        ends = (column[0], min(column, key=_height), max(column, key=_height), column[-1])
        found += column if len(column) <= 4 else [each for each in column if any(each is end for end in ends)]
    return found


def _height(reading: Reading) -> float:
    return reading.y


def horizontal_axis(canvas: Canvas, axis: Axis, left: float, right: float, y: float) -> None:
    """The line of the axis with its numbers below; the last of them has the unit."""
    canvas.add(Line([(left, y), (right, y)], "quiet"))
    unit = f"{axis.end:g} {axis.unit}"
    last = right - width_of(unit) - 8
    canvas.add(Text(right, y + LINE, unit, "quiet", "end"))
    for value in ticks(0, axis.end):
        x = left + value / axis.end * (right - left)
        if x + width_of(f"{value:g}") / 2 < last:
            canvas.add(Line([(x, y), (x, y + 4)], "quiet"), Text(x, y + LINE, f"{value:g}", "quiet", "middle"))


def _readings(curve: Curve, axis: Axis, left: float, right: float, lower: float, scale: float) -> list[Reading]:
    last = max(1, len(curve.values) - 1)
    found = [
        Reading(left + number / last * (right - left), lower - value * scale, number / last * axis.end, value)
        for number, value in enumerate(curve.values[curve.start :], curve.start)
    ]
    return found if len(found) > 1 else [*found, *(replace(each, x=right, place=axis.end) for each in found)]


def ticks(start: float, end: float, count: int = 5) -> Iterator[float]:
    """Round numbers from `start` to the first at or beyond `end`, about `count` of them: 1, 2 or 5 times a power of 10
    apart."""
    rough = (end - start) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough * 0.999)
    for number in range(math.ceil(round((end - start) / step, 9)) + 1):
        yield float(f"{start + number * step:.9g}")


def legend(canvas: Canvas, names: Sequence[tuple[str, Look]]) -> None:
    """The names of curves below one another, each behind a piece of its line."""
    left = MARGIN + 36
    for name, look in names:
        y = canvas.height + LINE / 2
        canvas.add(Line([(MARGIN, y - SIZE / 3), (MARGIN + 26, y - SIZE / 3)], look.colour, look.width, look.dash))
        for line in folded(name, canvas.width - left - MARGIN):
            canvas.add(Text(left, canvas.height + LINE / 2, line))
            canvas.height += LINE
