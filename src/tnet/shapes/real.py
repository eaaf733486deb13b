"""The user's own code on the CPU, where it does not take fake tensors: a loop that ends when the data say so, say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
import torch

from ..ir.own import OwnLayer
from ..ir.types import TensorType
from .arguments import entered
from .fake import Failure, FakeResult, FakeRun


@dataclass(frozen=True)
class OwnCode:
    """A function of the user's own, called as inference calls it."""

    call: Callable

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **kwargs)


def is_own(call: Any) -> bool:
    return isinstance(call, (OwnCode, OwnLayer))


def run(call: Any, args: Sequence[Any], kwargs: Mapping[str, Any], sizes: Mapping[sympy.Symbol, int]) -> FakeResult:
    """The types that the user's code gives for random tensors, with numbers for sizes. Raises `Failure`."""
    generator = torch.Generator().manual_seed(0)
    try:
        with torch.random.fork_rng(devices=()), torch.no_grad():
            torch.manual_seed(0)
            function = call.build() if isinstance(call, OwnLayer) else call
            given, named = (
                entered(each, lambda kind: _tensor(kind, generator), int) for each in (tuple(args), dict(kwargs))
            )
            result = function(*given, **named)
            structure = FakeRun({}).leave(result)
    except Exception as error:  # any that the user's code raises
        raise Failure(f"{error}" or type(error).__name__) from error
    return FakeResult(structure, tuple(sympy.Eq(name, hint, evaluate=False) for name, hint in sizes.items()))


def _tensor(kind: TensorType, generator: torch.Generator) -> torch.Tensor:
    dtype, dims = getattr(torch, kind.dtype), tuple(map(int, kind.dims))
    if dtype.is_floating_point or dtype.is_complex:
        return torch.randn(dims, generator=generator, dtype=dtype)
    return torch.zeros(dims, dtype=dtype)  # an index that every dim has
