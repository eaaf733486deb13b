"""Applying tensor functions and methods: their arguments, what they take from the module, their nodes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

from ..catalog.functions import (
    CREATE_FROM_NONE,
    REFUSED_ARGUMENTS,
    TensorFunction,
    find_function,
    has_argument,
    packing_table,
)
from ..catalog.python import OwnFunction
from ..catalog.signatures import floats_for
from ..diagnostics import error
from ..ir.graph import DeviceOf, DropoutProbability, FunctionRef, TrainingFlag, Value, leaves
from ..ir.types import TensorType
from ..ir.values import Call, Duration
from ..shapes import OwnCode
from ..source import Span
from .callees import Arguments, Callee, describe
from .evaluation import is_runtime, tensor_operation
from .frames import Frame
from .growing import is_list, join
from .packing import apply_packing

DEVICES = "leave it out here; set `device = …` in `train`"

OTHER_FUNCTIONS: dict[str, Callable] = {}
"""What applies a function that is of no library, by its kind; entered where it is defined."""


def apply_function(callee: Callee, inputs: tuple, keywords: dict[str, Any], span: Span, frame: Frame) -> Any:
    """A function or method on the inputs of a step, with the arguments bound to it; gives the new values."""
    if callee.kind in OTHER_FUNCTIONS:
        return OTHER_FUNCTIONS[callee.kind](callee, inputs, keywords, span, frame)
    if callee.kind == "method":
        return apply_method(callee.name, inputs, keywords, callee.arguments, span, frame)
    function: TensorFunction = callee.target
    given = callee.arguments
    _refuse_arguments(function.name, given, span)
    args = tuple(_argument(each, given.span(i, span)) for i, each in enumerate((*inputs, *given.positional)))
    kwargs = {name: _argument(each, given.span(name, span)) for name, each in {**given.keywords, **keywords}.items()}
    if any(map(is_list, args)):
        return join(function, args, kwargs, span, frame)
    if function.name in packing_table():
        return apply_packing(function, args, kwargs, span, frame)
    if not is_runtime((args, kwargs)):
        kwargs = _created_on_device(function, kwargs, frame)
    kwargs = _from_module(function, args, _with_tensors(function, kwargs, span, frame))
    call = _Shaped(function.call)
    if isinstance(function, OwnFunction):
        call = OwnCode(call)
    return tensor_operation(frame, "function", function.path, call, args, kwargs, span, function.path)


def apply_method(name: str, inputs: tuple, keywords: dict[str, Any], given: Arguments, span: Span, frame: Frame) -> Any:
    """`x.f(args)`; the first input is the receiver."""
    _refuse_arguments(name, given, span)
    args = tuple(_argument(each, given.span(i, span)) for i, each in enumerate((*inputs, *given.positional)))
    kwargs = {key: _argument(each, given.span(key, span)) for key, each in {**given.keywords, **keywords}.items()}
    if not args or not isinstance(args[0], Value):
        got = describe(args[0]) if args else "nothing"
        raise error("TN0303", f"`{name}` is a method of a tensor, not of {got}", span)
    if not isinstance(args[0].type, TensorType):
        raise error("TN0303", f"`{name}` is a method of a tensor, not of a `{args[0].type}`", span)
    if "device" in kwargs or (name == "to" and any(isinstance(each, str) for each in args)):
        raise error(
            "TN0301", "devices are for `train` to say", span, help="leave it out here; set `device = …` in `train`"
        )
    return tensor_operation(frame, "method", name, _Method(name), args, kwargs, span)


def _refuse_arguments(name: str, given: Arguments, span: Span) -> None:
    """No argument names a device, a place to write to, or anything else that is not for a model to say."""
    for key in given.keywords:
        if key in REFUSED_ARGUMENTS:
            message = f"`{name}` takes no `{key}` in a spec: {REFUSED_ARGUMENTS[key]}"
            raise error("TN0301", message, given.name_span(key, span), help=DEVICES if key == "device" else None)
    for place, value in enumerate(given.positional):
        if name == "to" and isinstance(value, str):
            message = f"`to` takes a dtype: {REFUSED_ARGUMENTS['device']}"
            raise error("TN0301", message, given.span(place, span), help=DEVICES)


class _Method:
    """`receiver.name(*args)`"""

    def __init__(self, name: str):
        self.name = name

    def __call__(self, receiver: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(receiver, self.name)(*args, **kwargs)


class _Shaped:
    """A function as inference calls it: what is decided at run time has a stand-in that gives the same shape."""

    def __init__(self, call: Any):
        self.call = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        kwargs = {key: self.stand_in(value) for key, value in kwargs.items() if not isinstance(value, DeviceOf)}
        return self.call(*args, **kwargs, **({"device": "meta"} if not _has_tensor(args, kwargs) else {}))

    def stand_in(self, value: Any) -> Any:
        if isinstance(value, TrainingFlag):
            return False
        return 0.0 if isinstance(value, DropoutProbability) else value


def _has_tensor(args: tuple, kwargs: dict) -> bool:
    def contains(value: Any) -> bool:
        if isinstance(value, (tuple, list)):
            return any(map(contains, value))
        return isinstance(value, torch.Tensor)

    return contains(args) or contains(tuple(kwargs.values()))


def _argument(value: Any, span: Span) -> Any:
    """A compile-time value as a function's argument."""
    if isinstance(value, Callee):
        if value.kind == "function" and not value.args and not value.kwargs:
            return FunctionRef(value.target.path)
        applied = f"apply it first: `x -> {value.name}`" if value.kind in ("layer", "block", "net", "model") else None
        raise error("TN0301", f"{describe(value)} cannot be an argument of a function", span, help=applied)
    if isinstance(value, (Call, Duration)):
        raise error("TN0301", f"{describe(value)} cannot be an argument of a function", span)
    if isinstance(value, (list, tuple)):
        return type(value)(_argument(item, span) for item in value)
    return value


def _with_tensors(function: TensorFunction, kwargs: dict[str, Any], span: Span, frame: Frame) -> dict[str, Any]:
    """Lists of numbers as tensors, where the signature wants one: `cross_entropy(target, weight=[1.0, 2.0])`."""
    if not any(isinstance(value, list) for value in kwargs.values()) or isinstance(function, OwnFunction):
        return kwargs
    try:
        parameters = inspect.signature(function.call).parameters
    except ValueError:  # a builtin of torch, which takes no lists for tensors
        return kwargs
    tensor = Callee("function", "tensor", find_function("tensor", step=False))
    made = {name: floats_for(parameters.get(name), value) for name, value in kwargs.items()}
    tensors = {
        name: apply_function(tensor, (list(each),), {}, span, frame) for name, each in made.items() if each is not None
    }
    return {**kwargs, **tensors}


def _created_on_device(function: TensorFunction, kwargs: dict[str, Any], frame: Frame) -> dict[str, Any]:
    """A function that makes a tensor from none makes it where the body's first tensor is."""
    if function.name not in CREATE_FROM_NONE or isinstance(function, OwnFunction):
        return kwargs
    first = next(leaves(tuple(frame.module.inputs)), None) if frame.module else None
    return {**kwargs, "device": DeviceOf(first)} if first is not None else kwargs


def _from_module(function: TensorFunction, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """`training` is the module's mode where it is not written; `dropout_p` counts only in training."""
    if has_argument(function.path, "training") and "training" not in kwargs and not _fills(function, args, "training"):
        kwargs = {**kwargs, "training": TrainingFlag()}
    if isinstance(kwargs.get("dropout_p"), (int, float)) and kwargs["dropout_p"]:
        kwargs = {**kwargs, "dropout_p": DropoutProbability(float(kwargs["dropout_p"]))}
    return kwargs


def _fills(function: TensorFunction, args: tuple, name: str) -> bool:
    return len(args) > list(inspect.signature(function.call).parameters).index(name)
