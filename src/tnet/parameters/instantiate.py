"""Single pieces of the IR made as the generated source makes them: a library layer, a declared initial value."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import torch
from torch import nn

from ..ir.graph import Declared, DTypeRef, FunctionRef, Layer, LayerRef, Module, Net, TensorOf


def instantiate(layer: Layer) -> nn.Module:
    """The layer with its arguments, on the CPU, drawing from the global generator; layers in arguments come first."""
    args = [_argument(each.value) for each in layer.arguments if each.positional]
    kwargs = {each.name: _argument(each.value) for each in layer.arguments if not each.positional}
    return _import(layer.path)(*args, **kwargs)


def initial_value(declared: Declared) -> torch.Tensor:
    """What the expression of a `parameter` or `buffer` statement gives, drawing from the global generator."""
    from ..codegen import generate  # not needed to check a spec

    alone = Module("net", "Alone", buffers={declared.name: declared})
    scope: dict[str, Any] = {}
    exec(generate(Net("Alone", alone, (), {})), scope)
    return scope["Alone"]().get_buffer(declared.name)


def _argument(value: Any) -> Any:
    match value:
        case Layer():
            return instantiate(value)
        case LayerRef():
            cls = _import(value.path)
            return (
                functools.partial(cls, **{key: _argument(item) for key, item in value.kwargs}) if value.kwargs else cls
            )
        case TensorOf():
            return torch.tensor(value.values)
        case FunctionRef():
            return _import(value.path)
        case DTypeRef():
            return getattr(torch, value.name)
        case list() | tuple():
            return type(value)(map(_argument, value))
    return value


def _import(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)
