"""The columns of a table file: CSV by Python's own reader, which knows the line of each row, and Parquet by pyarrow."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...diagnostics import SpecError
from .base import Request

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""Cells of a CSV file that hold nothing, in any case."""
WHOLE = re.compile(r"[+-]?\d+")


@dataclass(eq=False)
class Column:
    """A column: its cells as float, text or None, and whether they are numbers, all of them whole."""

    name: str
    cells: list[float | str | None]
    numeric: bool
    whole: bool


@dataclass(eq=False)
class Columns:
    """A table by columns. `rows` has the number of each row's line in the file."""

    file: str
    named: dict[str, Column]
    rows: list[int]
    word: str = "line"

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, row: int) -> str:
        return f"{self.word} {self.rows[row]} of `{self.file}`"

    def kept(self, rows: Sequence[int]) -> Columns:
        """The table with these rows only."""
        named = {
            name: Column(name, [each.cells[row] for row in rows], each.numeric, each.whole)
            for name, each in self.named.items()
        }
        return Columns(self.file, named, [self.rows[row] for row in rows], self.word)


def read_columns(request: Request, path: Path, delimiter: str, texts: Sequence[str], numbers: Sequence[str]) -> Columns:
    """The table in a file; columns in `texts` are text whatever they hold, those in `numbers` must hold numbers.

    Raises SpecError (TN0702) for what is no table, TN0001 for no pyarrow.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        header, rows = _parquet(request, path)
        lines, word = list(range(1, len(rows) + 1)), "row"
    else:
        header, rows, lines = _csv(request, path, delimiter)
        word = "line"
    if not rows:
        raise request.unreadable(f"`{path.name}` has no rows")
    found = Columns(path.name, {}, lines, word)
    for place, name in enumerate(header):
        cells = [row[place] for row in rows]
        found.named[name] = _column(request, found, name, cells, name in texts, name in numbers)
    return found


def _csv(request: Request, path: Path, delimiter: str) -> tuple[list[str], list[list[str | None]], list[int]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" and delimiter == "," else delimiter
    rows, lines = [], []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            for row in reader:
                if row:
                    rows.append([None if cell.strip().lower() in MISSING else cell.strip() for cell in row])
                    lines.append(reader.line_num)
    except UnicodeDecodeError as problem:
        raise request.unreadable(f"`{path.name}` is not UTF-8", "save it as UTF-8") from problem
    except (OSError, csv.Error) as problem:
        raise request.unreadable(f"`{path.name}` is no table: {problem}") from problem
    _check_header(request, path, header)
    for number, row in zip(lines, rows, strict=True):
        if len(row) != len(header):
            message = f"line {number} of `{path.name}` has {len(row)} cells, the first line names {len(header)} columns"
            raise request.unreadable(message)
    return header, rows, lines


def _check_header(request: Request, path: Path, header: Sequence[str]) -> None:
    twice = [name for number, name in enumerate(header) if name in header[:number]]
    if twice or not header:
        what = f"names `{twice[0]}` twice" if twice else "names no columns"
        raise request.unreadable(f"the first line of `{path.name}` {what}")


def _parquet(request: Request, path: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    try:
        from pyarrow import parquet
    except ImportError as problem:
        raise request.unreadable("Parquet files need pyarrow", "pip install 'tnet[parquet]'") from problem
    try:
        table = parquet.read_table(path)
    except Exception as problem:
        raise request.unreadable(f"`{path.name}` is no Parquet file: {str(problem).splitlines()[0]}") from problem
    _check_header(request, path, table.column_names)
    return table.column_names, list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _column(
    request: Request, table: Columns, name: str, cells: Sequence[Any], is_text: bool, is_number: bool
) -> Column:
    present = [cell for cell in cells if cell is not None]
    if is_text or not (is_number or all(map(_is_number, present))):
        return Column(name, list(_texts(cells)), False, False)
    for row, cell in enumerate(cells):
        if cell is not None and not _is_number(cell):
            raise _no_number(request, table, row, name, cell)
    whole = all(isinstance(cell, int) or isinstance(cell, str) and WHOLE.fullmatch(cell) for cell in present)
    numbers = [None if cell is None or math.isnan(float(cell)) else float(cell) for cell in cells]
    return Column(name, numbers, True, bool(present) and whole and not is_number)


def _no_number(request: Request, table: Columns, row: int, name: str, cell: Any) -> SpecError:
    return request.unreadable(f'{table.place(row)}: `{name}` is "{cell}", which is no number')


def _texts(cells: Sequence[Any]) -> Iterator[str | None]:
    for cell in cells:
        yield None if cell is None else str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return not isinstance(cell, str) or "_" not in cell
