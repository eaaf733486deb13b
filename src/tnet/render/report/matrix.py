"""The confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from ...diagnostics.render.escape import escape as visible
from ..canvas import SHADES, SIZE, Box, Canvas, Text, folded, width_of
from ..plot import LINE, MARGIN

WIDTH = 560
LARGEST, LEAST = 44, 5
"""Pixels of a cell; larger where its number takes more."""
FRAMED = 14
"""Pixels from which a cell without a count has a frame."""
NAMES = 180
"""The widest that the names of the classes may be."""


def matrix_figure(counts: Sequence[Sequence[int]], classes: Sequence[str], width: float = WIDTH) -> Canvas:
    """Rows are the true classes, columns what they were taken for; the shade is a cell's share of its row. Columns go
    by the classes' numbers, which stand before the names of the rows. Small cells have no numbers in them."""
    canvas = Canvas("confusion matrix", width, 0)
    canvas.add(Text(MARGIN, LINE, "rows: the true class, columns: what it was taken for", bold=True))
    names = _names(classes)
    widest = min(NAMES, max(map(width_of, names)))
    most = max((max(row) for row in counts), default=0)
    needed = max(1.4 * SIZE, width_of(str(most)) + 4)
    cell = max(LEAST, min(max(LARGEST, needed), (width - 2 * MARGIN - widest - 8) / len(classes)))
    canvas.width = max(width, 2 * MARGIN + widest + 8 + cell * len(classes))
    left, top = MARGIN + widest + 8, 2.6 * LINE
    for number in range(len(classes)):
        if number % _apart(cell, len(classes)) == 0:
            canvas.add(Text(left + (number + 0.5) * cell, top - 6, str(number), "quiet", "middle"))
    written = cell >= needed
    for number, row in enumerate(counts):
        y = top + number * cell
        if number % _apart(cell, len(classes), LINE) == 0:
            canvas.add(Text(left - 8, y + cell / 2 + SIZE / 3, names[number], "ink", "end"))
        _add_row(canvas, row, left, y, cell, written)
    canvas.height = top + cell * len(classes) + MARGIN
    return canvas


def _names(classes: Sequence[str]) -> list[str]:
    """`3 cat`; a class that is called by its number has that only. Long names are cut, the table beside has them."""
    names = [
        visible(name) if name == str(number) else f"{number} {visible(name)}" for number, name in enumerate(classes)
    ]
    return [lines[0] if len(lines := folded(name, NAMES - width_of("…"))) == 1 else f"{lines[0]}…" for name in names]


def _apart(cell: float, count: int, need: float | None = None) -> int:
    """Every how many cells there is room for a label."""
    return ceil((need or width_of(str(count)) + 4) / cell)


def _add_row(canvas: Canvas, row: Sequence[int], left: float, y: float, cell: float, written: bool) -> None:
    total = sum(row)
    for column, count in enumerate(row):
        x = left + column * cell
        shade = SHADES[ceil(count / total * (len(SHADES) - 1))] if count else "paper"
        if count or cell >= FRAMED:
            canvas.add(Box(x, y, cell - 1, cell - 1, shade if count else "grid"))
        if not count and cell >= FRAMED:
            canvas.add(Box(x + 1, y + 1, cell - 3, cell - 3, "paper"))
        elif count and written:
            canvas.add(Text(x + (cell - 1) / 2, y + cell / 2 + SIZE / 3, str(count), "ink", "middle"))
