"""`Table("f.csv", target="y")`: rows of a CSV or Parquet file, columns of numbers and of categories.

An input of the net that is called as a column takes that column; the one that is left takes all others. What depends on
the data, the categories and what takes the place of missing numbers, comes from the training part alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...diagnostics import did_you_mean, error
from ...ir.graph import Value
from ...parameters.arguments import show
from ..items import Items
from ..pictures import Decoder
from ..samples import Memory, Samples
from .base import Request, source
from .columns import Column, Columns, read_columns
from .encoding import Categories, Numbers, fit
from .folders import by_name

POLICIES = ("stop", "skip", "mean", "median")


def _check(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    missing = arguments.get("missing", "stop")
    if isinstance(missing, str) and missing not in POLICIES:
        listed = ", ".join(f'"{each}"' for each in POLICIES)
        return "missing", f'`missing` of `Table` is {listed} or a number, not "{missing}"'
    if len(arguments.get("delimiter", ",")) != 1:
        return "delimiter", "`delimiter` of `Table` is one character"
    return None


@source("Table", _check)
def read(
    request: Request,
    path: Path,
    target: str | list | None = None,
    columns: list | None = None,
    categorical: list | None = None,
    numeric: list | None = None,
    missing: str | float = "stop",
    fields: Mapping | None = None,
    delimiter: str = ",",
) -> Rows:
    """The rows of a table. `columns` are those that the net's input takes that is called as no column; `fields` says
    for inputs, and for further fields of a sample, which columns they take; `categorical` and `numeric` declare what
    columns hold. `missing` says what is done where a cell is empty: "stop", "skip" the row, take the "mean" or "median"
    of the training part or a number; an empty cell of a category is then one of none.

    Raises SpecError: TN0304 for a column that is not there, TN0702 for cells that cannot be read, TN0703.
    """
    targets = [] if target is None else [target] if isinstance(target, str) else target
    table = read_columns(request, path, delimiter, categorical or (), numeric or ())
    by = [request.by] if request.by in table.named else []
    layout = _layout(request, table, {**(fields or {})}, columns, [*targets, *by])
    for argument, names in {"target": targets, "categorical": categorical, "numeric": numeric}.items():
        _known(request, table, argument, names or ())
    if isinstance(target, list):
        layout["target"] = targets
    used = [*dict.fromkeys(name for names in layout.values() for name in names), *targets]
    if missing == "skip":
        whole = [row for row in range(len(table)) if all(table.named[name].cells[row] is not None for name in used)]
        table = table.kept(whole)
        if not whole:
            raise request.unreadable(f"every row of `{path.name}` lacks something", "see `missing`")
    else:
        nothing_missing(request, table, targets if missing != "stop" else used)
    wanted = target if isinstance(target, str) else None
    return Rows(request, table, path.parent, layout, wanted, missing, delimiter)


def _layout(
    request: Request, table: Columns, given: Mapping[str, Any], columns: list | None, rest: Sequence[str]
) -> dict[str, list[str]]:
    """The columns that each input and further field takes."""
    layout = {name: [names] if isinstance(names, str) else list(names) for name, names in given.items()}
    for names in layout.values():
        _known(request, table, "fields", names)
    _known(request, table, "columns", columns or ())
    layout |= {name: [name] for name in request.fields if name in table.named and name not in layout}
    left = [name for name in request.fields if name not in layout]
    if len(left) > 1:
        listed = ", ".join(f"`{name}`" for name in left)
        advice = f'say which they take: `fields={{"{left[0]}": ["{next(iter(table.named))}"]}}`'
        raise error("TN0703", f"`{table.file}` has no columns called {listed}", request.span, help=advice)
    taken = {name for names in layout.values() for name in names} | set(rest)
    others = columns or [name for name in table.named if name not in taken]
    if left and not others:
        raise error("TN0703", f"`{table.file}` has no column left for `{left[0]}`", request.span)
    return layout | ({left[0]: others} if left else {})


def _known(request: Request, table: Columns, argument: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in table.named:
            listed = ", ".join(f"`{each}`" for each in table.named)
            advice = did_you_mean(str(name), table.named) or f"it has {listed}"
            if len(table.named) == 1 and (other := next((each for each in ";\t|" if each in listed), None)):
                advice = f"if its cells are parted so, write `delimiter={show(other)}`: it has {listed}"
            raise request.wrong(argument, f"`{table.file}` has no column `{name}`", advice)


def nothing_missing(request: Request, table: Columns, names: Sequence[str]) -> None:
    """Raises SpecError (TN0702) for an empty cell of these columns."""
    for name in names:
        row = next((row for row, cell in enumerate(table.named[name].cells) if cell is None), None)
        if row is not None:
            advice = '`missing="mean"`, "median", "skip" or a number say what is done with empty cells'
            raise request.unreadable(f"{table.place(row)}: `{name}` is empty", advice)


@dataclass(eq=False)
class Rows(Samples):
    """A table that nothing is fitted to yet. `layout` has the columns of each field, `target` the column of classes or
    numbers to predict; `folder` is what paths in it start from."""

    request: Request
    table: Columns
    folder: Path
    layout: dict[str, list[str]]
    target: str | None
    missing: str | float
    delimiter: str

    def __len__(self) -> int:
        return len(self.table)

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.layout, *(["target"] if self.target else []))

    @cached_property
    def numbered(self) -> tuple[Tensor | None, list[str] | None]:
        """The target as a tensor, and the names of its classes."""
        if self.target is None:
            return None, None
        column = self.table.named[self.target]
        if column.numeric:
            return torch.tensor(column.cells).to(torch.int64 if column.whole else torch.float32), None
        numbers, classes = by_name(column.cells)
        return torch.tensor(numbers), classes

    @property
    def labels(self) -> Tensor | None:
        found, _ = self.numbered
        return found if found is not None and found.dtype == torch.int64 else None

    @property
    def classes(self) -> Sequence[str] | None:
        return self.numbered[1]

    def column(self, name: str) -> Sequence[Any] | None:
        return self.table.named[name].cells if name in self.table.named else None

    def columns(self) -> Sequence[str]:
        return list(self.table.named)

    def followed_by(self, other: Rows) -> Rows:
        """Both tables' rows. Raises SpecError (TN0703) where their columns differ."""
        mine, others = self.table.named, other.table.named
        if [(each.name, each.numeric) for each in mine.values()] != [(e.name, e.numeric) for e in others.values()]:
            message = f"`{self.table.file}` and `{other.table.file}` differ in their columns"
            raise error("TN0703", message, self.request.span)
        named = {
            name: replace(each, cells=[*each.cells, *others[name].cells], whole=each.whole and others[name].whole)
            for name, each in mine.items()
        }
        joined = Columns(self.table.file, named, [*self.table.rows, *other.table.rows], self.table.word)
        return replace(self, table=joined)

    def fitted(self, indices: Tensor) -> Samples:
        rows = indices.tolist()
        used = {name for field, names in self.layout.items() if not self._is_picture(field) for name in names}
        columns = {name: fit(self.table.named[name], rows, self.missing) for name in self.table.named if name in used}
        return self.encoded(columns)

    def like(self, train: Samples) -> Samples:
        """Raises SpecError (TN0703) where the table lacks a column of the training one, or it holds something else."""
        if not isinstance(train, Encoded | EncodedPictures):
            raise error("TN0703", "a table follows a table: `train` is none", self.request.span)
        for name, encoding in train.encodings.items():
            column = self.table.named.get(name)
            if column is None or column.numeric != isinstance(encoding, Numbers):
                kind = "numbers" if isinstance(encoding, Numbers) else "categories"
                what = "lacks the column" if column is None else f"has no {kind}, as `train` has, in"
                raise error("TN0703", f"`{self.table.file}` {what} `{name}`", self.request.span)
        return self.encoded(train.encodings)

    def encoded(self, encodings: Mapping[str, Numbers | Categories]) -> Samples:
        target, classes = self.numbered
        plain = [field for field in self.layout if not self._is_picture(field)]
        tensors = {field: self._tensor(field, encodings) for field in plain}
        tensors |= {} if target is None else {"target": target}
        pictured = [field for field in self.layout if field not in plain]
        if not pictured:
            return Encoded(tensors, (), classes, encodings, self)
        (field,) = pictured
        return EncodedPictures(self._opening(field), tensors, field, classes, self.request, encodings)

    def _is_picture(self, field: str) -> bool:
        wanted = self._input(field)
        return wanted is not None and len(wanted.type.dims) == 4 and not self.table.named[self.layout[field][0]].numeric

    def _input(self, field: str) -> Value | None:
        return next((each for each in self.request.inputs if each.name == field), None)

    def _opening(self, field: str) -> list[str]:
        """The files that a column of paths names, relative to the table. Raises SpecError (TN0304, TN0702)."""
        cells = self.table.named[self.layout[field][0]].cells
        files = [os.path.normpath(self.folder / str(cell)) for cell in cells]
        self.request.stay_inside(files, "path")
        for row, file in enumerate(files):
            if not os.path.isfile(file):
                raise self.request.unreadable(f"{self.table.place(row)}: no file `{cells[row]}`", f"looked for {file}")
        return files

    def _tensor(self, field: str, encodings: Mapping[str, Numbers | Categories]) -> Tensor:
        """The columns of a field: codes for an input of whole numbers, else numbers and one-hot categories."""
        wanted, columns = self._input(field), [self.table.named[name] for name in self.layout[field]]
        if wanted is not None and not wanted.type.is_trainable:
            parts = [encodings[each.name].codes(self._whole(each, field)) for each in columns]
        else:
            parts = [encodings[each.name].dense(each) for each in columns]
        found = torch.cat(parts, dim=1)
        scalar = len(wanted.type.dims) == 1 if wanted else True
        return found[:, 0] if scalar and found.shape[1] == 1 else found

    def _whole(self, column: Column, field: str) -> Column:
        if column.numeric and not all(cell is None or cell.is_integer() for cell in column.cells):
            message = f"`{field}` takes whole numbers, `{column.name}` of `{self.table.file}` has others"
            raise error("TN0703", message, self.request.span)
        return column


@dataclass(eq=False)
class Encoded(Memory):
    """A table as tensors, with what was fitted to the training part, and the rows as they were."""

    encodings: Mapping[str, Numbers | Categories] = ()
    rows: Rows | None = None

    @property
    def notes(self) -> Sequence[str]:
        return notes_of(self.encodings)


class EncodedPictures(Items):
    """A table with a column of picture files, which are read when they are asked for."""

    def __init__(
        self,
        files: list[str],
        tensors: dict[str, Tensor],
        field: str,
        classes: Sequence[str] | None,
        request: Request,
        encodings: Mapping[str, Numbers | Categories],
    ):
        self.encodings, self.tensors, self.field = encodings, tensors, field
        labels = Memory(tensors).labels if "target" in tensors else None
        super().__init__(files, request.fields, labels, classes, request.span, files, request.name)

    def fetch(self, index: int, stream: int | None) -> dict[str, Any]:
        try:
            picture = Decoder()(self.dataset[index])
        except (OSError, ValueError, SyntaxError) as problem:
            raise error("TN0702", f"sample {self.called(index)} cannot be read: {problem}", self.span) from problem
        return {self.field: picture, **{name: tensor[index] for name, tensor in self.tensors.items()}}

    @property
    def notes(self) -> Sequence[str]:
        return notes_of(self.encodings)


def notes_of(encodings: Mapping[str, Numbers | Categories]) -> list[str]:
    """What a user must know to give the net its sizes."""
    categories = [each for each in encodings.values() if isinstance(each, Categories)]
    numbers = len(encodings) - len(categories)
    if not encodings:
        return []
    told = ", ".join(f"`{each.name}` {each.width}" for each in categories)
    more = f", {len(categories)} of categories ({told}; code 0 is any other)" if categories else ""
    return [f"columns: {numbers} of numbers{more}"]
