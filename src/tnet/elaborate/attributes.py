"""Attributes: compile-time facts of tensors, a few tensor attributes, and parameters of labelled submodules."""

from __future__ import annotations

import operator
from functools import partial
from typing import Any

from ..catalog.functions import ATTRIBUTES, REFUSED, find_function, is_method
from ..diagnostics import did_you_mean, error
from ..ir.graph import DTypeRef, Layer, Module, Node, Value
from ..ir.types import TensorType
from ..syntax import ast, without_modules
from .callees import describe
from .calls import free_path, unknown_path
from .evaluation import evaluate, evaluates, tensor_operation
from .frames import MISSING, Frame
from .suggestions import suggest

FACTS = {
    "shape": lambda type_: type_.dims,
    "ndim": lambda type_: len(type_.dims),
    "dtype": lambda type_: DTypeRef(type_.dtype),
}


@evaluates(ast.Attribute)
def attribute(node: ast.Attribute, frame: Frame) -> Any:
    path = _label_path(node, frame)
    if path is not None:
        return read_parameter(path, node, frame)
    free = free_path(node, frame)
    meant = without_modules if frame.section else partial(suggest, frame=frame)
    if free and not find_function(free, step=False) and meant(free):
        raise unknown_path(free, node, frame)
    value = evaluate(node.value, frame)
    name = node.name.text
    if isinstance(value, Value) and isinstance(value.type, TensorType):
        return _of_tensor(value, name, node, frame)
    if not isinstance(value, Value) and name == "shape":
        raise error("TN0303", f"{describe(value)} has no shape", node.value.span)
    raise error("TN0206", f"{describe(value)} has no attribute `{name}`", node.name.span)


def _of_tensor(value: Value, name: str, node: ast.Attribute, frame: Frame) -> Any:
    if name in FACTS:
        return FACTS[name](value.type)
    if name in ATTRIBUTES:
        return tensor_operation(frame, "attribute", name, operator.attrgetter(name), (value,), {}, node.span)
    if is_method(name):
        raise error("TN0206", f"`{name}` is a method", node.name.span, help=f"call it: `{node.span.text}()`")
    why = REFUSED.get(name)
    names = [*FACTS, *ATTRIBUTES]
    raise error(
        "TN0206", f"tensors have no attribute `{name}` in a spec" + (f": {why}" if why else ""), node.name.span,
        help=did_you_mean(name, names) or f"there are {', '.join(f'`{each}`' for each in FACTS)}",
    )  # fmt: skip


def _label_path(node: ast.Attribute, frame: Frame) -> list[str] | None:
    """`embed.weight` as `["embed", "weight"]` if `embed` is a label here and no value."""
    names = [node.name.text]
    value = node.value
    while isinstance(value, ast.Attribute):
        names.insert(0, value.name.text)
        value = value.value
    if not isinstance(value, ast.Var) or value.name not in frame.labels or frame.find(value.name) is not MISSING:
        return None
    return [value.name, *names]


def read_parameter(path: list[str], node: ast.Expr, frame: Frame) -> Value:
    """The parameter or buffer at a path below this body's module."""
    found: Any = frame.module
    for position, name in enumerate(path):
        if isinstance(found, Layer):
            return _read_of_layer(found, path, position, node, frame)
        declared = {**found.parameters, **found.buffers}.get(name)
        if declared is not None and position == len(path) - 1:
            return frame.emit(Node("read", ".".join(path), (), {}, Value(name, declared.type, node.span), node.span))
        if name not in found.children:
            raise error("TN0201", f"`{'.'.join(path[:position])}` has no `{name}`", node.span)
        found = found.children[name]
    kind = "group" if isinstance(found, Module) else "layer"
    raise error("TN0206", f"`{'.'.join(path)}` is a {kind}, not a tensor", node.span)


def _read_of_layer(layer: Layer, path: list[str], position: int, node: ast.Expr, frame: Frame) -> Value:
    tensors = {**dict(layer.prototype.named_parameters()), **dict(layer.prototype.named_buffers())}
    name = ".".join(path[position:])
    if name not in tensors:
        raise error(
            "TN0201", f"`{layer.class_name}` has no parameter `{name}`", node.span, help=did_you_mean(name, tensors)
        )
    dtype = str(tensors[name].dtype).removeprefix("torch.")
    value = Value(path[-1], TensorType(dtype, tuple(tensors[name].shape)), node.span)
    return frame.emit(Node("read", ".".join(path), (), {}, value, node.span))
