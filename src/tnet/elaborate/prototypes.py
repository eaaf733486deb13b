"""Instances of layers on the meta device, and why a constructor does not take its arguments."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ..catalog.layers import LayerClass
from ..catalog.python import OwnLayer
from ..catalog.signatures import constructor_signature
from ..diagnostics import Note, SpecError, error
from ..ir import text
from ..ir.graph import FunctionRef, Layer, LayerArgument, LayerRef, TensorOf, Value
from ..shapes import freeze
from ..shapes.reasons import with_sets_in_order
from ..source import Span

LARGEST_CONSTRUCTION = 10_000

_prototypes: dict[Any, torch.nn.Module] = {}


def materialise(value: Any) -> Any:
    """An argument as the constructor takes it, for the prototype."""
    if isinstance(value, LayerRef):
        cls = import_path(value.path)
        return functools.partial(cls, **dict(value.kwargs)) if value.kwargs else cls
    if isinstance(value, TensorOf):
        return torch.tensor(value.values)
    if isinstance(value, FunctionRef):
        return import_path(value.path)
    if isinstance(value, Layer):
        return value.prototype
    if isinstance(value, (list, tuple)):
        return type(value)(map(materialise, value))
    return value


def import_path(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(__import__(module, fromlist=["_"]), name)


def prototype_of(
    layer_class: LayerClass, arguments: tuple[LayerArgument, ...], inputs: tuple, span: Span
) -> torch.nn.Module:
    """An instance on the meta device; equal arguments share one. Raises SpecError (TN0301)."""
    key = (layer_class.path, *((each.name, freeze(_key(each.value))) for each in arguments))
    if key not in _prototypes:
        try:
            _prototypes[key] = _construct(layer_class, arguments)
        except TooMany as problem:
            raise error("TN0901", f"`{layer_class.name}` is too large: {problem}", span) from None
        except Exception as problem:  # whatever a constructor raises on arguments that it does not take
            raise _refused(layer_class, arguments, inputs, problem, span) from None
    return _prototypes[key]


def _key(value: Any) -> Any:
    if isinstance(value, Layer):
        return (value.path, *((each.name, _key(each.value)) for each in value.arguments))
    return value


def constructor_of(layer_class: LayerClass, arguments: Sequence[LayerArgument]) -> Callable[[], torch.nn.Module]:
    """What builds the layer for real, where it is called."""

    def construct() -> torch.nn.Module:
        args = [materialise(each.value) for each in arguments if each.positional]
        kwargs = {each.name: materialise(each.value) for each in arguments if not each.positional}
        return layer_class.cls(*args, **kwargs).eval()

    return construct


class TooMany(Exception):
    """A constructor makes more tensors than any layer has."""


class Bounded(TorchDispatchMode):
    """Ends a constructor that goes on making tensors, as one with `num_layers=10**9` would."""

    def __init__(self) -> None:
        super().__init__()
        self.left = LARGEST_CONSTRUCTION

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        self.left -= 1
        if self.left < 0:
            raise TooMany(f"it would make more than {LARGEST_CONSTRUCTION:,} tensors")
        return function(*args, **(kwargs or {}))


def _construct(layer_class: LayerClass, arguments: Sequence[LayerArgument]) -> torch.nn.Module:
    """An instance on the meta device; code of the user's own that cannot make one there makes it on the CPU first."""
    construct = constructor_of(layer_class, arguments)
    with warnings.catch_warnings(action="ignore"):
        try:
            with torch.device("meta"), Bounded():
                return construct()
        except Exception:
            if not isinstance(layer_class, OwnLayer):
                raise
            return construct().to("meta")


def _refused(
    layer_class: LayerClass, arguments: tuple[LayerArgument, ...], inputs: tuple, problem: Exception, span: Span
) -> SpecError:
    """What a constructor refuses, at the argument without which it would not."""
    why = _in_words(problem)
    notes = [
        Note(f"`{each.name}` is {text.argument(each.value)}, read off the input", inputs[0].span)
        for each in arguments
        if each.inferred and each.name in why and isinstance(inputs[0], Value)
    ]
    blamed = next((each for each in arguments if each.span and _is_blamed(layer_class, arguments, each)), None)
    if blamed is None:
        return error("TN0301", f"`{layer_class.name}` does not take these arguments: {why}", span, *notes)
    given = f"`{blamed.name}={text.argument(blamed.value)}`"
    return error("TN0301", f"`{layer_class.name}` does not take {given}: {why}", blamed.span, *notes)


def _in_words(problem: Exception) -> str:
    why = str(problem).split("\n")[0].rstrip(".") or type(problem).__name__
    if "negative dimension" in why:
        return "a size cannot be negative"
    if "must be tuple of ints" in why:
        return "sizes are whole numbers"
    return with_sets_in_order(why[:1].lower() + why[1:])


def _is_blamed(layer_class: LayerClass, arguments: tuple[LayerArgument, ...], one: LayerArgument) -> bool:
    """Whether the layer can be built with another value of one argument: its default, or 1."""
    parameter = constructor_signature(layer_class.cls).parameters.get(one.name)
    if parameter is None:
        return False
    plain = 1 if parameter.default is parameter.empty else parameter.default
    others = [LayerArgument(each.name, plain if each is one else each.value, each.positional) for each in arguments]
    try:
        _construct(layer_class, others)
    except Exception:  # it is not this argument alone
        return False
    return True
