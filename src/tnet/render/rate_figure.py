"""The picture of a trial of learning rates: the losses over the rates, which stand a power of ten apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..training.rate_search import RateTrial
from .canvas import SIZE, Canvas, Line, PlotArea, Point, Text, width_of
from .plot import LINE, MARGIN, ticks

WIDTH, HEIGHT = 760, 240
ROOM = 0.25
"""How far the loss of a single step may be drawn beyond the smoothed ones, as a share of their range."""


@dataclass(frozen=True)
class Frame:
    """Where the curves are drawn, and what its edges stand for: rates from `first` to `last`, losses by `rows`."""

    left: float
    right: float
    upper: float
    lower: float
    first: float
    last: float
    rows: Sequence[float]

    def x(self, rate: float) -> float:
        share = math.log(rate / self.first) / math.log(self.last / self.first)
        return self.left + share * (self.right - self.left)

    def y(self, loss: float) -> float:
        low, high = self.rows[0], self.rows[-1]
        return self.lower - (min(max(loss, low), high) - low) / (high - low) * (self.lower - self.upper)

    def points(self, rates: Sequence[float], losses: Sequence[float]) -> list[Point]:
        return [(self.x(rate), self.y(loss)) for rate, loss in zip(rates, losses, strict=True)]


def rate_figure(it: RateTrial) -> Canvas:
    """The losses, those smoothed on top, with the rate that is suggested and the recipe's own."""
    canvas = Canvas(f"Learning rates of {it.spec}", WIDTH, MARGIN)
    canvas.add(Text(MARGIN, canvas.height + LINE, "loss over the learning rate", bold=True))
    rows = _rows(it)
    left, upper = MARGIN + max(width_of(f"{row:g}") for row in rows) + 8, canvas.height + 3 * LINE
    frame = Frame(left, WIDTH - MARGIN - 8, upper, upper + HEIGHT, it.rates[0], it.rates[-1], rows)
    _axes(canvas, frame)
    canvas.add(PlotArea(left, upper, frame.right - left, HEIGHT, "learning rate {}"))
    for name, losses, colour, wide in (("loss of the step", it.losses, "quiet", 1), ("smoothed", it.smoothed, "1", 2)):
        points, values = frame.points(it.rates, losses), list(zip(it.rates, losses, strict=True))
        canvas.add(Line(points, colour, wide, (), name, values))
    for rate, text, colour in ((it.own, "the recipe's", "quiet"), (it.suggested, "suggested", "2")):
        if rate is not None and it.rates[0] <= rate <= it.rates[-1]:
            _mark(canvas, frame, rate, text, colour)
    canvas.height = frame.lower + 2 * LINE + MARGIN
    return canvas


def _rows(it: RateTrial) -> list[float]:
    """Round losses that the smoothed ones lie between, with a little room."""
    low, high = min(it.smoothed), max(it.smoothed)
    room = ROOM * (high - low) or abs(high) or 1.0
    bottom = max(low - room, 0.0) if low >= 0 else low - room
    step = list(ticks(0, high + room - bottom))[1]
    first = math.floor(bottom / step)
    return [float(f"{(first + number) * step:.9g}") for number in range(math.ceil((high + room) / step) - first + 1)]


def _axes(canvas: Canvas, frame: Frame) -> None:
    """A line for each row, and a number below each power of ten."""
    for row in frame.rows:
        y = frame.y(row)
        canvas.add(Line([(frame.left, y), (frame.right, y)], "grid"))
        canvas.add(Text(frame.left - 8, y + SIZE / 3, f"{row:g}", "quiet", "end"))
    for power in range(math.ceil(math.log10(frame.first) - 1e-9), math.floor(math.log10(frame.last) + 1e-9) + 1):
        x = frame.x(10.0**power)
        canvas.add(Line([(x, frame.lower), (x, frame.lower + 4)], "quiet"))
        canvas.add(Text(x, frame.lower + LINE, f"{10.0**power:g}", "quiet", "middle"))


def _mark(canvas: Canvas, frame: Frame, rate: float, text: str, colour: str) -> None:
    """A line at a rate, its name above on the side that has room."""
    x = frame.x(rate)
    right = x + width_of(text) > frame.right
    above = frame.upper - (LINE if colour == "2" else 0) - 4
    canvas.add(Line([(x, frame.upper), (x, frame.lower)], colour, 1, (6, 3)))
    canvas.add(Text(x, above, text, colour, "end" if right else "start"))
