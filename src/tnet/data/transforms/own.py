"""Transforms of the user's own Python: classes whose instances are called with a sample, and functions of one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...catalog.python import OwnFunction
from ...diagnostics import error
from ...ir.values import Call
from ...parameters.arguments import show
from .. import own
from ..calls import POSITIONAL
from .choose import Transform


@dataclass(frozen=True)
class OwnTransform(Transform):
    """A transform from `use`. It takes a tensor, one sample of an input, and gives a tensor or an array."""

    call: Call | None = None

    def build(self, statistics: Any = None) -> Callable:
        """Raises what the class raises."""
        arguments = own.made(self.arguments)
        target = own.target_of(self.call)
        return partial(target, **arguments) if isinstance(self.call.target, OwnFunction) else target(**arguments)

    def __str__(self) -> str:
        return show(self.call)


def choose(call: Call) -> OwnTransform:
    """The transform that a call means, made once. Raises SpecError: TN0301 to TN0303 for arguments, TN0304 for what
    it raises, TN0701 for what cannot be called with a sample."""
    names = _after_the_sample(call) if isinstance(call.target, OwnFunction) else own.expected(call)
    arguments = own.arguments_of(call, names)
    chosen = OwnTransform(call.target.path, own.target_of(call), arguments, frozenset(), call.span, call=call)
    try:
        made = chosen.build()
    except own.RAISED as problem:
        why = own.reason(problem, chosen.cls)
        raise error("TN0304", f"making `{call.name}` fails{why}", call.span) from problem
    if not callable(made):
        advice = "give its class a `__call__`, or a `forward` if it is an `nn.Module`"
        raise error("TN0701", f"`{call.name}` is no transform: it cannot be called", call.name_span, help=advice)
    return chosen


def _after_the_sample(call: Call) -> inspect.Signature:
    """What a function takes besides the sample, its first argument."""
    found = own.expected(call)
    first, *rest = found.parameters.values() or [None]
    if first is None or first.kind not in POSITIONAL:
        raise error("TN0701", f"`{call.name}` is no transform: it takes no sample", call.name_span)
    return found.replace(parameters=rest)
