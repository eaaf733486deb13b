"""Which two sizes disagree where PyTorch does not take an operation's arguments, as far as that can be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ..catalog.inference import inferred_arguments
from ..ir.graph import Layer, Value, leaves
from ..ir.types import TensorType


@dataclass(frozen=True)
class Side:
    """Dim `dim` (from 0) of a value."""

    value: Value
    dim: int

    @property
    def size(self) -> Any:
        return self.value.type.dims[self.dim]


@dataclass(frozen=True)
class BuiltFor:
    """A layer applied again where its input has another size than the one that its argument `name` was read off."""

    name: str
    size: int
    side: Side


def disagreement(call: Any, name: str, reason: str, args: tuple, kwargs: dict) -> tuple[Side, Side] | BuiltFor | None:
    """The two sizes that do not go together, or None where it is not two sizes that are at fault."""
    if isinstance(call, Layer):
        return _built_for(call, args)
    tensors = [each for each in leaves((args, kwargs)) if isinstance(each.type, TensorType)]
    if len(tensors) < 2 or "must be a 3D tensor" in reason:
        return None
    if name in PRODUCTS:
        return _inner(*tensors[:2], of_last=name == "linear") or _first(_broadcast(tensors[:2], keep=2))
    if name in ("cat", "concat", "concatenate", "stack"):
        return _first(_in_place(tensors, reason))
    return _first(_broadcast(tensors)) if any(sign in reason for sign in SIGNS_OF_BROADCASTING) else None


PRODUCTS = frozenset({"@", "matmul", "bmm", "mm", "linear"})
SIGNS_OF_BROADCASTING = ("must match the size of tensor", "broadcast", "shape mismatch")


def _first(found: Iterator[tuple[Side, Side]]) -> tuple[Side, Side] | None:
    return next(found, None)


def _built_for(layer: Layer, args: tuple) -> BuiltFor | None:
    for name, rule in inferred_arguments(type(layer.prototype)).items():
        written = next((each.value for each in layer.arguments if each.name == name), None)
        value = args[rule.input] if rule.input < len(args) else None
        if not isinstance(written, int) or not isinstance(value, Value) or not isinstance(value.type, TensorType):
            continue
        dim = range(len(value.type.dims))[rule.dim] if -_ndim(value) <= rule.dim < _ndim(value) else None
        if dim is not None and value.type.dims[dim] != written:
            return BuiltFor(name, written, Side(value, dim))
    return None


def _ndim(value: Value) -> int:
    return len(value.type.dims)


def _inner(left: Value, right: Value, of_last: bool) -> tuple[Side, Side] | None:
    """The sizes over which a product of matrices sums."""
    if not _ndim(left) or not _ndim(right):
        return None
    row = _ndim(right) - 1 if of_last else max(_ndim(right) - 2, 0)
    sides = Side(left, _ndim(left) - 1), Side(right, row)
    return sides if sides[0].size != sides[1].size else None


def _broadcast(tensors: Sequence[Value], keep: int = 0) -> Iterator[tuple[Side, Side]]:
    """Sizes that differ and of which none is 1, counted from the last dim but `keep`."""
    for left, right in combinations(tensors, 2):
        for back in range(1 + keep, min(_ndim(left), _ndim(right)) + 1):
            sides = Side(left, _ndim(left) - back), Side(right, _ndim(right) - back)
            if 1 not in (sides[0].size, sides[1].size) and sides[0].size != sides[1].size:
                yield sides


def _in_place(tensors: Sequence[Value], reason: str) -> Iterator[tuple[Side, Side]]:
    """Sizes of the same dim that differ; `cat` joins along the dim that its reason excepts."""
    first = tensors[0]
    for other in tensors[1:]:
        if _ndim(other) != _ndim(first):
            return
        for dim in range(_ndim(first)):
            sides = Side(first, dim), Side(other, dim)
            if sides[0].size != sides[1].size and f"except in dimension {dim}" not in reason:
                yield sides
