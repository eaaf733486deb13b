"""Columns as tensors: the number of each category, and what takes the place of missing numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .columns import Column

OTHER = 0
"""The code of a category that the training part does not have, and of a missing one; as one-hot it is all zeros."""


@dataclass(frozen=True)
class Numbers:
    """A column of numbers; `fill` takes the place of missing ones."""

    name: str
    fill: float | None
    width = 1

    def dense(self, column: Column) -> Tensor:
        """float32 of shape [rows, 1]."""
        return torch.tensor([self.fill if cell is None else cell for cell in column.cells]).float().unsqueeze(1)

    def codes(self, column: Column) -> Tensor:
        """int64 of shape [rows, 1]."""
        return self.dense(column).long()


@dataclass(frozen=True)
class Categories:
    """A column of categories, which are 1, 2, … in the order of their names."""

    name: str
    known: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.known)

    def codes(self, column: Column) -> Tensor:
        """int64 of shape [rows, 1]."""
        places = {name: code for code, name in enumerate(self.known, OTHER + 1)}
        return torch.tensor([places.get(cell, OTHER) for cell in column.cells]).unsqueeze(1)

    def dense(self, column: Column) -> Tensor:
        """One-hot float32 of shape [rows, width]."""
        return torch.nn.functional.one_hot(self.codes(column)[:, 0], self.width + 1)[:, 1:].float()


def fit(column: Column, rows: Sequence[int], missing: str | float) -> Numbers | Categories:
    """The encoding of a column by the cells in these rows. `missing` is "mean", "median" or a number; otherwise nothing
    is missing."""
    present = [cell for row in rows if (cell := column.cells[row]) is not None]
    if not column.numeric:
        return Categories(column.name, tuple(sorted(set(present))))
    if not isinstance(missing, str):
        return Numbers(column.name, float(missing))
    average = {"mean": np.mean, "median": np.median}.get(missing)
    return Numbers(column.name, float(average(present)) if average and present else None)


def plain(encoding: Numbers | Categories) -> dict[str, Any]:
    """An encoding without its column's name, for YAML."""
    return {"categories": list(encoding.known)} if isinstance(encoding, Categories) else {"fill": encoding.fill}


def restored(name: str, kept: Mapping[str, Any]) -> Numbers | Categories:
    """The encoding of a column by what `plain` gave."""
    return Categories(name, tuple(kept["categories"])) if "categories" in kept else Numbers(name, kept["fill"])
