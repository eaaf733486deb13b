"""Predictions against their targets."""

from __future__ import annotations

from collections.abc import Sequence

from ..canvas import SIZE, Box, Canvas, Line, Text, width_of
from ..plot import LINE, MARGIN
from ..tracks import is_number, linear

WIDTH, SIDE = 400, 300
MARK = 4


def scatter_figure(pairs: Sequence[Sequence[float]]) -> Canvas | None:
    """A mark for each pair (target, prediction), and the line on which they are equal."""
    pairs = [pair for pair in pairs if all(map(is_number, pair))]
    if not pairs:
        return None
    values = [value for pair in pairs for value in pair]
    scale = linear(values)
    canvas = Canvas("predictions against targets", WIDTH, 0)
    canvas.add(Text(MARGIN, LINE, "prediction over target", bold=True))
    widest = max(width_of(f"{row:g}") for row in scale.rows)
    left, upper = MARGIN + widest + 8, 2 * LINE
    lower, right = upper + SIDE, left + SIDE
    canvas.width = max(WIDTH, right + MARGIN + widest / 2)
    taken = left - 8.0
    for row in scale.rows:
        x, y, text = left + scale.share(row) * SIDE, lower - scale.share(row) * SIDE, f"{row:g}"
        canvas.add(Line([(left, y), (right, y)], "grid"), Line([(x, upper), (x, lower)], "grid"))
        canvas.add(Text(left - 8, y + SIZE / 3, text, "quiet", "end"))
        if x - width_of(text) / 2 >= taken:
            canvas.add(Text(x, lower + LINE, text, "quiet", "middle"))
            taken = x + width_of(text) / 2 + 8
    canvas.add(Line([(left, lower), (right, upper)], "quiet", 1, (4, 3)))
    for target, predicted in pairs:
        x, y = left + scale.share(target) * SIDE, lower - scale.share(predicted) * SIDE
        canvas.add(Box(x - MARK / 2, y - MARK / 2, MARK, MARK, "1"))
    canvas.height = lower + 2 * LINE
    return canvas
