"""Pictures with lines of text below, in rows: samples of a data set, predictions, kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..diagnostics.render.escape import escape as visible
from .canvas import SIZE, Canvas, Picture, Text, folded
from .pixels import Pixels, png_of
from .plot import LINE, MARGIN

WIDTH = 760
SIDE = 112
"""The pixels of a picture's longer side, about: small ones are enlarged by whole numbers, large ones made smaller."""
GAP = 12
FINER = 2
"""Pixels kept for one of the sheet."""


@dataclass(frozen=True)
class Item:
    """Pictures side by side and the lines below them; `colour` is that of the first line, which stands out."""

    pictures: Sequence[Pixels]
    lines: Sequence[str] = ()
    colour: str = "ink"


def sheet(title: str, items: Sequence[Item], width: float = WIDTH, side: int = SIDE) -> Canvas:
    """A canvas with all items, as many in a row as fit; lines that are too long are folded, never cut."""
    canvas = Canvas(title, width, MARGIN)
    if title:
        canvas.add(Text(MARGIN, canvas.height + SIZE, title, bold=True))
        canvas.height += LINE + GAP / 2
    sizes = [[_shown(pixels, side) for pixels in item.pictures] for item in items]
    taken = [sum(w + 2 for w, _ in each) - 2 for each in sizes]
    captioned = any(item.lines for item in items)
    cell = min(max(*taken, SIDE if captioned else 0, 0), width - 2 * MARGIN)
    columns = max(1, int((width - 2 * MARGIN + GAP) / (cell + GAP)))
    for start in range(0, len(items), columns):
        row = list(zip(items, sizes, strict=True))[start : start + columns]
        _add_row(canvas, row, cell)
    canvas.height += MARGIN - GAP
    return canvas


def _shown(pixels: Pixels, side: int) -> tuple[float, float]:
    """The width and height at which pixels are shown."""
    height, width = pixels.shape[:2]
    longer = max(height, width)
    scale = side // longer if longer <= side else side / longer
    return max(1.0, width * scale), max(1.0, height * scale)


def _add_row(canvas: Canvas, row: Sequence[tuple[Item, list[tuple[float, float]]]], cell: float) -> None:
    tallest = max(height for _, sizes in row for _, height in sizes)
    lines = [[(text, number == 0) for number, each in enumerate(item.lines) for text in folded(visible(each), cell)]
             for item, _ in row]  # fmt: skip
    for column, ((item, sizes), texts) in enumerate(zip(row, lines, strict=True)):
        left = corner = MARGIN + column * (cell + GAP)
        for pixels, (width, height) in zip(item.pictures, sizes, strict=True):
            data = png_of(pixels, round(FINER * max(width, height)))
            canvas.add(Picture(left, canvas.height, width, height, data))
            left += width + 2
        for number, (text, stands_out) in enumerate(texts):
            y = canvas.height + tallest + (number + 1) * LINE - LINE / 4
            canvas.add(Text(corner, y, text, item.colour if stands_out else "quiet", bold=stands_out))
    canvas.height += tallest + max(map(len, lines)) * LINE + GAP
