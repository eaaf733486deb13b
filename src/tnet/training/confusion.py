"""`confusion`: how often samples of each class are taken for each, as a table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .hooks import Results

WIDEST = 20  # classes up to which a table fits a terminal


def tables(results: Results) -> list[str]:
    """A table for each confusion matrix among the results of one part of the data, named by the classes if known."""
    by_class: Mapping[str, Any] = next((each for name, each in results.items() if name.endswith(".by_class")), {})
    found = []
    for name, value in results.items():
        if is_matrix(value) and len(value) <= WIDEST:
            names = list(by_class) if len(by_class) == len(value) else [str(number) for number in range(len(value))]
            found.append(table(name, value, names))
    return found


def is_matrix(value: Any) -> bool:
    rows = isinstance(value, list) and value and all(isinstance(row, list) for row in value)
    return bool(rows) and all(len(row) == len(value) for row in value) and not isinstance(value[0][0], list)


def table(name: str, matrix: Sequence[Sequence[float]], names: Sequence[str]) -> str:
    """Rows are the true classes, columns the predicted ones."""
    cells = [[_shown(value) for value in row] for row in matrix]
    widths = [max(len(each), *(len(row[column]) for row in cells)) for column, each in enumerate(names)]
    first = max(map(len, names))
    lines = [f"{name}: rows are the classes, columns what they were taken for"]
    for label, row in [("", list(names)), *zip(names, cells, strict=True)]:
        lines.append(
            "  ".join([label.ljust(first), *(each.rjust(width) for each, width in zip(row, widths, strict=True))])
        )
    return "\n".join(lines)


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"
