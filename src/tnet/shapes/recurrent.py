"""Recurrent layers: their steps are inferred on two of them, however long the sequence is.

Fake tensors go through a sequence step by step, some milliseconds each. A step gives the same shapes as the one before,
so only the length of the result depends on the length of the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch.nn import RNNBase

from ..ir.graph import Layer
from ..ir.types import TensorType
from .fake import FakeResult

STEPS = 2


def with_few_steps(call: Callable | Layer, args: tuple, ask: Callable[[tuple], Any]) -> Any:
    """What `ask` answers for these arguments; a recurrent layer is asked with a short sequence."""
    where = _time(call, args)
    if where is None:
        return ask(args)
    given: TensorType = args[0]
    answer = ask((TensorType(given.dtype, _with(given.dims, where, STEPS)), *args[1:]))
    if not isinstance(answer, FakeResult):
        return answer
    outputs, state = answer.structure
    return replace(answer, structure=(replace(outputs, dims=_with(outputs.dims, where, given.dims[where])), state))


def _time(call: Callable | Layer, args: tuple) -> int | None:
    """The dim of a sequence longer than needed; None where the call is no recurrent layer on a sequence."""
    layer = call.prototype if isinstance(call, Layer) else None
    if not isinstance(layer, RNNBase) or not args or not isinstance(args[0], TensorType):
        return None
    dims = args[0].dims
    where = 1 if layer.batch_first and len(dims) == 3 else 0
    if len(dims) not in (2, 3) or isinstance(dims[where], int) and dims[where] <= STEPS:
        return None
    return where


def _with(dims: tuple, where: int, size: Any) -> tuple:
    return (*dims[:where], size, *dims[where + 1 :])
