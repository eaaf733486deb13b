"""Types of run-time values: a dtype and sizes, which may be symbolic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

from .sizes import size

Dim = Union[int, Any]
"""A size: an `int`, or a sympy expression over the net's symbolic dims (positive integer symbols)."""

DTYPES = {
    "float": "float32",
    "int": "int64",
    **{
        name: name
        for name in (
            "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 bool complex32 complex64 complex128".split()
        )
    },
}
"""The dtype names of the language, each with its torch name at the default float dtype."""


@dataclass(frozen=True)
class TensorType:
    """`dtype` is torch's name ("float32"); `strides` is None for a contiguous tensor.

    Strides count in shape inference only (a `view` of a permuted tensor fails), not in equality.
    """

    dtype: str
    dims: tuple[Dim, ...]
    strides: tuple[Dim, ...] | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(size, self.dims))}]"

    @property
    def is_trainable(self) -> bool:
        """Whether a tensor of this dtype can have a gradient."""
        return self.dtype.startswith(("float", "bfloat", "complex"))

    @property
    def is_symbolic(self) -> bool:
        return any(not isinstance(dim, int) for dim in self.dims)


@dataclass(frozen=True)
class OpaqueType:
    """A run-time value that is no tensor (a `PackedSequence`); `name` is its class."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class PackedType(OpaqueType):
    """Sequences of several lengths in one, a `PackedSequence`; `padded` is what they are padded to, batch first."""

    padded: TensorType


@dataclass(frozen=True)
class ListType(OpaqueType):
    """A list that grows in a loop kept for run time; `element` is None before the first item.

    `length` is None where it is not known, within the loop; there `added` counts what the round has appended, None
    where that is not known either. `may_be_empty` is said of one that may have no item after its loop. None of them
    counts in equality.
    """

    element: TensorType | None = field(default=None, compare=False)
    length: Dim | None = field(default=None, compare=False)
    added: Dim | None = field(default=0, compare=False)
    may_be_empty: bool = field(default=False, compare=False)


Type = Union[TensorType, OpaqueType]
