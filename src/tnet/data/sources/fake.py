"""`Fake(samples=1000, classes=10)`: samples of the net's own sizes, drawn, to try a spec before there is data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...ir.graph import Value
from .. import streams
from ..samples import IMAGE, Samples
from .base import Request, source

STREAM = 0x7E57


@dataclass(eq=False)
class Fakes(Samples):
    """Each field is drawn from a stream of its own when it is read; sample i is the same in any batch."""

    count: int
    shapes: dict[str, tuple[str, tuple[int, ...]]]  # dtype and size of each input
    targets: int | None
    labels: Tensor | None
    uniform = True

    def __len__(self) -> int:
        return self.count

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.shapes, "target")

    @property
    def kinds(self) -> Mapping[str, str]:
        return {name: IMAGE for name, (dtype, size) in self.shapes.items() if _is_image(dtype, size)}

    def read(self, indices: Tensor, stream: int | None = None) -> dict[str, Tensor]:
        drawn = {name: self._drawn(name, indices, *kind) for name, kind in self.shapes.items()}
        if self.labels is not None:
            return {**drawn, "target": self.labels[indices]}
        return {**drawn, "target": self._numbers("target", indices, (self.targets,)).float()}

    def _drawn(self, name: str, indices: Tensor, dtype: str, size: tuple[int, ...]) -> Tensor:
        numbers = self._numbers(name, indices, size)
        if _is_image(dtype, size):
            return (256 * numbers).to(torch.uint8)
        if dtype.startswith(("float", "bfloat", "complex")):
            return numbers.float()
        return (2 * numbers).long() if dtype == "bool" else (10 * numbers).long()

    def _numbers(self, name: str, indices: Tensor, size: tuple[int, ...]) -> Tensor:
        """float64 in [0, 1) of shape [samples, *size]."""
        drawn = streams.uniform(streams.key(STREAM, name), indices.numpy(), math.prod(size))
        return torch.from_numpy(drawn).view(len(indices), *size)

    def content(self, indices: Tensor) -> str:
        return f"fake {self.shapes} {self.targets} {indices.tolist()}"


def _check(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    for name in ("samples", "classes", "targets", "size"):
        value = arguments.get(name)
        if value is not None and value < 1:
            return name, f"`{name}` of `Fake` must be at least 1"
    return None


@source("Fake", _check)
def read(request: Request, samples: int = 1000, classes: int = 10, targets: int | None = None, size: int = 32) -> Fakes:
    """Images are uint8, other floats in [0, 1), whole numbers below 10; the target is a class, or with `targets` so
    many floats in [0, 1). A size that the net leaves open is `size`."""
    shapes = {each.name: _sizes(each, size) for each in request.inputs}
    drawn = streams.uniform(streams.key(STREAM, "classes"), np.arange(samples), 1)[:, 0]
    labels = torch.from_numpy((classes * drawn).astype(np.int64)) if targets is None else None
    return Fakes(samples, shapes, targets, labels)


def _sizes(value: Value, size: int) -> tuple[str, tuple[int, ...]]:
    return value.type.dtype, tuple(dim if isinstance(dim, int) else size for dim in value.type.dims[1:])


def _is_image(dtype: str, size: tuple[int, ...]) -> bool:
    return len(size) == 3 and size[0] in (1, 3) and dtype in ("float32", "float16", "bfloat16", "uint8")
