"""A trial on the CPU: what fake kernels let pass and the real ones do not take.

Fake kernels check less than real ones: seldom dtypes, not always dims and sizes. So what they take is run once with
small real tensors. What PyTorch raises whatever the tensors hold is the call's own fault.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sympy
import torch
from torch.func import functional_call

from ..ir.graph import Layer
from ..ir.types import TensorType
from .arguments import entered
from .fake import DEPENDS_ON_DATA, Failure, FakeResult

MOST_ELEMENTS = 2**16
"""Larger tensors take longer than a trial is worth; then only what dtypes and numbers of dims decide is tried."""

SMALL_SIZES = (2, 3, 4, 8, 16, 32)
NOT_ON_CPU = frozenset({"float16", "bfloat16", "complex32"})
"""Dtypes for which accelerators have kernels that the CPU lacks."""

DECIDED_BY_DTYPE = ("not implemented for", "dtype", "scalar type", "Dimension out of range", "not supported for")
CONTENTS: tuple[Callable[[torch.Tensor], Any], ...] = (
    lambda tensor: tensor.fill_(0.5 if tensor.is_floating_point() or tensor.is_complex() else 0),
    lambda tensor: tensor.fill_(1),
    lambda tensor: tensor.fill_(0) if tensor.ndim < 2 else tensor.copy_(torch.eye(*tensor.shape[-2:])),
)


class _TooLarge(Exception):
    pass


def refusal(
    call: Callable | Layer, args: Sequence[Any], kwargs: Mapping[str, Any], hints: Mapping, answer: FakeResult
) -> Exception | None:
    """What PyTorch raises for a call that fake kernels take, or None.

    `args` and `kwargs` hold types for tensors; symbolic sizes become the smallest that meet the answer's relations.
    """
    sizes = _smallest(hints, answer.relations)
    if _elements(answer.structure, sizes) > MOST_ELEMENTS:
        return None
    try:
        with _quietly():
            return _raised(call, args, kwargs, _Sample(sizes, None))
    except _TooLarge:
        pass
    with _quietly():
        raised = None if isinstance(call, Layer) else _raised(call, args, kwargs, _Sample(sizes, 2))
    return raised if any(words in str(raised) for words in DECIDED_BY_DTYPE) else None


def _elements(structure: Any, sizes: Mapping[sympy.Symbol, sympy.Integer]) -> int:
    """The elements of all tensors of a result; a size that depends on data counts once."""
    if isinstance(structure, TensorType):
        dims = [sympy.sympify(dim).xreplace(dict(sizes)) for dim in structure.dims]
        return math.prod(int(dim) for dim in dims if dim.is_Integer)
    return sum(_elements(each, sizes) for each in structure) if isinstance(structure, (tuple, list)) else 0


def real_result(call: Callable | Layer, args: Sequence[Any], kwargs: Mapping[str, Any]) -> FakeResult:
    """The types that a call with numbers for sizes gives, whatever its tensors hold. Raises `Failure`."""
    found, raised = [], None
    with _quietly():
        for fill in CONTENTS:
            try:
                found.append(types_of(_Sample({}, None).run(call, args, kwargs, fill)))
            except Exception as error:  # any that PyTorch raises on arguments that it does not take
                raised = error
    if not found:
        raise Failure(str(raised)) from raised
    if any(each != found[0] for each in found) or not _is_of_tensors(found[0]):
        raise Failure(DEPENDS_ON_DATA)
    return FakeResult(found[0], ())


def _is_of_tensors(structure: Any) -> bool:
    """Whether a result says nothing of what its tensors hold."""
    return all(map(_is_of_tensors, structure)) if isinstance(structure, tuple) else isinstance(structure, TensorType)


def types_of(value: Any) -> Any:
    """The types of real tensors, in the same structure."""
    if isinstance(value, torch.Tensor):
        return TensorType(str(value.dtype).removeprefix("torch."), tuple(value.shape))
    return tuple(map(types_of, value)) if isinstance(value, (tuple, list)) else value


@contextmanager
def _quietly() -> Iterator[None]:
    """Without gradients, warnings, and a trace in the random stream."""
    with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings(action="ignore"):
        yield


def _smallest(hints: Mapping, relations: Sequence[Any]) -> dict[sympy.Symbol, sympy.Integer]:
    for size in SMALL_SIZES:
        sizes = {name: sympy.Integer(min(size, hint)) for name, hint in hints.items()}
        if all(each.xreplace(sizes) == sympy.true for each in relations):
            return sizes
    return {name: sympy.Integer(hint) for name, hint in hints.items()}


def _raised(call: Callable | Layer, args: Sequence[Any], kwargs: Mapping[str, Any], sample: _Sample) -> Any:
    """The exception that is raised with every content; None where one goes through, or where content is to blame."""
    raised = None
    for fill in CONTENTS:
        try:
            sample.run(call, args, kwargs, fill)
            return None
        except (_TooLarge, torch.OutOfMemoryError):
            raise _TooLarge from None
        except torch.linalg.LinAlgError:
            return None
        except Exception as error:  # any that PyTorch raises on arguments that it does not take
            raised = error
    return raised


class _Sample:
    """Real arguments for types. `largest` cuts all sizes, where only dtypes and numbers of dims are tried."""

    def __init__(self, sizes: Mapping[sympy.Symbol, sympy.Integer], largest: int | None):
        self.sizes = sizes
        self.largest = largest

    def run(self, call: Callable | Layer, args: Sequence[Any], kwargs: Mapping[str, Any], fill: Callable) -> Any:
        self.left = MOST_ELEMENTS
        given, keywords = self.real(tuple(args), fill), self.real(dict(kwargs), fill)
        if isinstance(call, Layer):
            named = {**dict(call.prototype.named_parameters()), **dict(call.prototype.named_buffers())}
            state = {name: self.tensor(each.shape, each.dtype, fill) for name, each in named.items()}
            return functional_call(call.prototype, state, given, keywords)
        return call(*given, **keywords)

    def tensor(self, shape: Sequence[int], dtype: torch.dtype, fill: Callable) -> torch.Tensor:
        self.left -= math.prod(shape)
        if self.left < 0:
            raise _TooLarge
        real = torch.empty(shape, dtype=dtype)
        fill(real)
        return real

    def size(self, size: Any) -> int:
        number = int(size.xreplace(self.sizes)) if isinstance(size, sympy.Expr) else size
        return number if self.largest is None else min(number, self.largest)

    def real(self, value: Any, fill: Callable) -> Any:
        def tensor(kind: TensorType) -> torch.Tensor:
            return self.tensor(tuple(map(self.size, kind.dims)), getattr(torch, kind.dtype), fill)

        return entered(value, tensor, lambda size: int(size.xreplace(self.sizes)))


def is_tried(args: Any) -> bool:
    """Whether the CPU can be asked about these arguments."""
    match args:
        case TensorType():
            return args.dtype not in NOT_ON_CPU
        case tuple() | list():
            return all(map(is_tried, args))
        case dict():
            return is_tried(list(args.values()))
    return True
