"""`pad = 0`: fields whose size differs from sample to sample, filled up to the largest of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..ir.graph import Value

LENGTHS = "_lengths"


@dataclass(frozen=True)
class Padding:
    """Fills up with `value` at the end of each dim, and adds `NAME_lengths`: the sizes that each sample had along the
    dims which the net leaves open, int64 of shape [N], or [N, dims] for several. For what is no input of the net that
    is its first dim. `open_dims` has these dims, without that of the batch, for each input."""

    value: float
    open_dims: Mapping[str, tuple[int, ...]]

    def __call__(self, batches: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Batches, of the same fields, as one."""
        found: dict[str, Tensor] = {}
        for name in batches[0]:
            values = [batch[name] for batch in batches]
            found[name] = self._filled(values)
            dims = self.open_dims.get(name, (0,) if values[0].ndim > 1 else ())
            if dims:
                found[name + LENGTHS] = torch.cat([_lengths(value, dims) for value in values])
        return found

    def _filled(self, values: Sequence[Tensor]) -> Tensor:
        sizes = [value.shape[1:] for value in values]
        if len(set(sizes)) == 1:
            return torch.cat(list(values))
        largest = [max(each) for each in zip(*sizes, strict=True)]
        whole = values[0].new_full((sum(map(len, values)), *largest), self.value)
        start = 0
        for value in values:
            whole[(slice(start, start + len(value)), *map(slice, value.shape[1:]))] = value
            start += len(value)
        return whole


def _lengths(value: Tensor, dims: Sequence[int]) -> Tensor:
    sizes = torch.tensor([value.shape[1 + dim] for dim in dims])
    return (sizes if len(dims) > 1 else sizes[0]).repeat(len(value), *[1] * (len(dims) > 1))


def padding(value: float | None, inputs: Sequence[Value]) -> Padding | None:
    """The padding for a net's inputs; None without a value."""
    if value is None:
        return None
    return Padding(value, {each.name: _open(each.type.dims[1:]) for each in inputs})


def _open(sizes: Sequence[Any]) -> tuple[int, ...]:
    return tuple(dim for dim, size in enumerate(sizes) if not isinstance(size, int))


def from_data(inputs: Sequence[Value], pad: float | None, views: int) -> tuple[Value, ...]:
    """The inputs that a sample must have: not the lengths, which padding adds, nor views of the first but itself."""
    names = {each.name for each in inputs}
    made = {name + LENGTHS for name in names} if pad is not None else set()
    return tuple(each for n, each in enumerate(inputs) if each.name not in made and not 0 < n < views)
