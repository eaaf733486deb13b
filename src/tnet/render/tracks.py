"""Measured curves: values at steps that are nobody's to choose, on a scale that shows them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .canvas import SIZE, Box, Canvas, Line, PlotArea, Text, width_of
from .plot import LINE, MARGIN, Axis, Look, Reading, curve_of, horizontal_axis, legend, thinned, ticks

WIDTH = 560
HEIGHT = 170
MARK = 6
"""Pixels of the mark for a curve of one point."""
WIDE = 50
"""The largest value over the smallest from which the scale is logarithmic."""


@dataclass(frozen=True)
class Track:
    """Points (place on the axis, value) of a curve in their order; a value that is no number is a gap. Thin ones lie
    below the others."""

    name: str
    points: Sequence[tuple[float, float | None]]
    look: Look

    @property
    def values(self) -> list[float]:
        return [value for _, value in self.points if is_number(value)]


@dataclass(frozen=True)
class Scale:
    """The vertical axis, from `low` to `high`, with a line at each of `rows`."""

    low: float
    high: float
    rows: Sequence[float]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """How far up a value is, 0 to 1."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def scale_of(values: Sequence[float]) -> Scale:
    """Logarithmic where values differ by powers of ten, else `linear`."""
    low, high = min(values), max(values)
    if low > 0 and high / low > WIDE:
        rows = list(_powers(low, high))
        return Scale(rows[0], rows[-1], rows, logarithmic=True)
    return linear(values)


def linear(values: Sequence[float]) -> Scale:
    """From zero where that leaves half of the height to the values, from the smallest where it does not."""
    low, high = min(values), max(values)
    low = 0.0 if 0 <= low <= high / 2 else low
    if high - low <= 1e-9 * max(abs(high), abs(low)):
        low, high = (low - abs(low) / 2, high + abs(high) / 2) if high else (0.0, 1.0)
    step = list(ticks(0, high - low, 4))[1]
    rows = list(ticks(math.floor(low / step + 1e-9) * step, high, 4))
    return Scale(rows[0], rows[-1], rows)


def _powers(low: float, high: float) -> Iterator[float]:
    """1, 2 and 5 times powers of 10 around the values, or the powers alone where there are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 2 else (1,)
    every = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    start = max((each for each in every if each <= low), default=every[0])
    end = min((each for each in every if each >= high), default=every[-1])
    apart = max(1, math.ceil(len([each for each in every if start <= each <= end]) / 8))
    shown = [each for each in every if start <= each <= end]
    last = len(shown) - 1
    yield from (shown[number] for number in range(0, last, apart) if last - number >= 0.75 * apart)
    yield end


def tracks_figure(
    title: str, tracks: Sequence[Track], axis: Axis, scale: Callable[[Sequence[float]], Scale] = scale_of
) -> Canvas | None:
    """A picture of curves with its axes and their names below; None where there is no number to show."""
    values = [value for track in tracks for value in track.values]
    if not values:
        return None
    canvas = Canvas(title, WIDTH, 0)
    scale = scale(values)
    left = MARGIN + max(width_of(f"{row:g}") for row in scale.rows) + 8
    right, upper = WIDTH - MARGIN - 8, 2 * LINE
    lower = upper + HEIGHT
    canvas.add(Text(MARGIN, LINE, title, bold=True))
    for row in scale.rows:
        y = lower - scale.share(row) * HEIGHT
        canvas.add(Line([(left, y), (right, y)], "grid"), Text(left - 8, y + SIZE / 3, f"{row:g}", "quiet", "end"))
    horizontal_axis(canvas, axis, left, right, lower)
    canvas.add(PlotArea(left, upper, right - left, HEIGHT, axis.label))
    for track in sorted(tracks, key=lambda each: each.look.width):
        for piece in _pieces(track):
            readings = [
                Reading(left + place / axis.end * (right - left), lower - scale.share(value) * HEIGHT, place, value)
                for place, value in piece
            ]
            _add(canvas, track, thinned(readings))
    canvas.height = lower + 2 * LINE
    legend(canvas, [(track.name, track.look) for track in tracks if track.values])
    return canvas


def _add(canvas: Canvas, track: Track, readings: list[Reading]) -> None:
    """A line, or a mark where there is one point only."""
    if len(readings) == 1:
        (only,) = readings
        canvas.add(Box(only.x - MARK / 2, only.y - MARK / 2, MARK, MARK, track.look.colour))
    canvas.add(curve_of(readings, track.name, track.look))


def _pieces(track: Track) -> Iterator[list[tuple[float, float]]]:
    """The runs of points between gaps."""
    piece: list[tuple[float, float]] = []
    for x, y in track.points:
        if is_number(y):
            piece.append((x, y))
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece
