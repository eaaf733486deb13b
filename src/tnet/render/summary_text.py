"""A summary as a table for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from textwrap import fill

from .labels import counted
from .summary_facts import Row, SummaryFacts, heading, readable
from .terminal import rendered


@dataclass(frozen=True)
class Column:
    """What a column shows of a row; numbers stand at the right."""

    cell: Callable[[Row], str]
    number: bool = False


def rules(row: Row) -> str:
    """`init 46, weight_decay 49`: each property that a rule sets, and the rule's line."""
    return ", ".join(dict.fromkeys(f"{each.property} {each.span.line}" for each in row.rules))


COLUMNS = {
    "class": Column(lambda row: row.kind),
    "output": Column(lambda row: row.output),
    "parameters": Column(lambda row: f"{row.parameters:,}" if row.parameters else "", number=True),
    "gradient": Column(lambda row: row.gradient),
    "mult-adds": Column(lambda row: readable(row.multiply_adds), number=True),
    "rules": Column(rules),
    "line": Column(lambda row: str(row.line or ""), number=True),
    "path": Column(lambda row: row.path),
    "trainable": Column(lambda row: f"{row.trainable:,}" if row.parameters else "", number=True),
}
"""The columns beside the tree of layers, by title."""

GAP = 2
USUAL = ("class", "output", "parameters", "gradient", "mult-adds", "rules", "line")
SPARED = ("rules", "gradient", "line", "class")
"""Usual columns in the order in which they are left out where the terminal is too narrow for all."""


def text(it: SummaryFacts, width: int, depth: int | None = None, columns: Sequence[str] = ()) -> str:
    """The heading, the table and the totals; `columns` are titles of `COLUMNS`, the usual ones if there are none."""
    rows = [row for row in folded(it.rows) if depth is None or row.depth < depth]
    told = [title for title in USUAL if any(COLUMNS[title].cell(row) for row in rows)]
    shown = columns or fitting(rows, told, width)
    parts = [heading(it.net), _table(rows, shown, width)]
    if it.until:
        parts.append(f"up to {it.until.place}, where the spec is wrong")
    if left := [] if columns else [title for title in told if title not in shown]:
        parts.append(f"{width} columns are too few for: {', '.join(left)}")
    last = "\n".join(fill(line, width, subsequent_indent="  ") for line in totals(it))
    return "\n\n".join([*parts, last])


def fitting(rows: Sequence[Row], columns: Sequence[str], width: int) -> Sequence[str]:
    """As many of the columns as fit side by side."""
    kept = list(columns)
    for title in SPARED:
        if title in kept and _natural_width(rows, kept) > width:
            kept.remove(title)
    return kept


def _natural_width(rows: Sequence[Row], columns: Sequence[str]) -> int:
    return sum(max(map(len, column)) + GAP for column in zip(*_cells(rows, columns), strict=True))


def folded(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows with equal subtrees that follow one another as one: `1 … 5 × 5`."""
    for _, group in groupby(_subtrees(rows), _without_name):
        (first, *below), *others = group
        if others:
            last = counted(others[-1][0].name)
            first = replace(first, path=f"{first.path} … {last} × {1 + len(others)}")
        yield first
        yield from folded(below)


def _subtrees(rows: Sequence[Row]) -> Iterator[tuple[Row, ...]]:
    """Each row of the outermost depth with those below it."""
    starts = [number for number, row in enumerate(rows) if row.depth == rows[0].depth]
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=False):
        yield tuple(rows[start:end])


def _without_name(subtree: tuple[Row, ...]) -> tuple:
    """What a row and those below it show, but for the name of the first."""
    path = subtree[0].path
    return tuple(
        (row.path.removeprefix(path), row.depth, *(column.cell(row) for title, column in COLUMNS.items()
                                                   if title != "path"))
        for row in subtree
    )  # fmt: skip


def _table(rows: Sequence[Row], columns: Sequence[str], width: int) -> str:
    from rich.table import Table
    from rich.text import Text

    titles, *cells = _cells(rows, columns)
    table = Table(box=None, padding=(0, GAP, 0, 0), show_edge=False, pad_edge=False)
    for title in titles:
        right = title in COLUMNS and COLUMNS[title].number
        table.add_column(title, overflow="fold", justify="right" if right else "left")
    for row in cells:
        table.add_row(*map(Text, row))
    return rendered(table, width)


def _cells(rows: Sequence[Row], columns: Sequence[str]) -> list[Sequence[str]]:
    """The titles and the texts of all rows."""
    found = [("  " * row.depth + _last(row), *(COLUMNS[title].cell(row) for title in columns)) for row in rows]
    return [("layer", *columns), *found]


def _last(row: Row) -> str:
    """The name in its module, also of several copies."""
    first, several, last = row.path.partition(" … ")
    return first.rpartition(".")[2] + several + last


def totals(it: SummaryFacts) -> list[str]:
    """Lines of parameters, multiply-adds and memory."""
    total = it.total
    sizes = ", ".join(f"{name} = {size}" for name, size in it.at.items())
    at = f" at {sizes}" if sizes else ""
    lines = [f"parameters: {total.parameters:,} ({total.trainable:,} trainable)"]
    if total.multiply_adds is not None:
        lines.append(f"multiply-adds: {readable(total.multiply_adds) or 0}{at}")
    held = ", ".join(f"{what} {_bytes(number)}" for what, number in it.memory.items())
    return [*lines, f"memory: {held}"]


def _bytes(count: int) -> str:
    """In the decimal units that file sizes are given in."""
    return f"{readable(count)}B" if count >= 1000 else f"{count} B"
