"""A curve in the terminal, drawn with eighths of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

EIGHTHS = " ▁▂▃▄▅▆▇█"


def chart(values: Sequence[float], width: int = 60, height: int = 6) -> list[str]:
    """`height` lines of the values against their index, from 0 at the bottom to the largest at the top.

    A column shows the largest of the values that fall in it, so that no peak is lost.
    """
    top = max(values, default=0) or 1
    columns = [max(part) for part in _parts(values, min(width, len(values)))]
    eighths = [max(1, round(value / top * height * 8)) if value > 0 else 0 for value in columns]
    rows = range(height - 1, -1, -1)
    return ["".join(EIGHTHS[min(8, max(0, filled - 8 * row))] for filled in eighths).rstrip() for row in rows]


def _parts(values: Sequence[float], count: int) -> list[Sequence[float]]:
    """`count` runs of nearly equal length."""
    edges = [len(values) * number // count for number in range(count + 1)]
    return [values[start:end] for start, end in pairwise(edges)]
