"""Rows that a trained net is asked about: a table's columns as the tensors that they were for training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ...diagnostics import did_you_mean, error
from ...ir.graph import Value
from ...source import Source
from .base import Request
from .columns import Columns, read_columns
from .encoding import Categories, plain, restored
from .table import Encoded, Rows, nothing_missing

ENDINGS = (".csv", ".tsv", ".parquet", ".pq")


def recorded(samples: Any, inputs: Sequence[Value]) -> dict[str, Any] | None:
    """What a run keeps of how the columns of its table became `inputs`, for YAML; None for other samples."""
    if not isinstance(samples, Encoded):
        return None
    fields = {each.name: samples.rows.layout[each.name] for each in inputs if each.name in samples.rows.layout}
    used = {name for names in fields.values() for name in names}
    columns = {name: plain(each) for name, each in samples.encodings.items() if name in used}
    return {"fields": fields, "columns": columns, "missing": samples.rows.missing, "delimiter": samples.rows.delimiter}


def read_rows(path: Path, inputs: Sequence[Value], kept: Mapping[str, Any]) -> dict[str, Tensor]:
    """The inputs for the rows of a file, by what was `recorded`. Columns that the net does not take are passed over.

    Raises SpecError: TN0702 for what is no table or lacks a cell, TN0703 for one that lacks a column.
    """
    request = Request("Table", Source(path.name, ""), tuple(inputs), None)
    encodings = {name: restored(name, each) for name, each in kept["columns"].items()}
    texts = [name for name, each in encodings.items() if isinstance(each, Categories)]
    table = read_columns(request, path, kept["delimiter"], texts, [name for name in encodings if name not in texts])
    _require(table, list(encodings))
    if kept["missing"] in ("stop", "skip"):
        nothing_missing(request, table, list(encodings))
    rows = Rows(request, table, path.parent, kept["fields"], None, kept["missing"], kept["delimiter"])
    return rows.encoded(encodings).tensors


def _require(table: Columns, names: Sequence[str]) -> None:
    for name in names:
        if name not in table.named:
            advice = did_you_mean(name, table.named) or "the first line names the columns, as in training"
            raise error("TN0703", f"`{table.file}` has no column `{name}`, which the net was trained on", help=advice)
