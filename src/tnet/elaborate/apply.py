"""Applying what a step names: layers, functions, blocks, groups, repeats, and submodules again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from ..catalog.inference import inferred_arguments
from ..diagnostics import Note, error
from ..ir.graph import Layer, Model, Module, Node, Value, leaves
from ..ir.types import TensorType
from ..shapes import freeze
from ..source import Span
from ..syntax import ast
from .callees import Arguments, Callee, Skip, describe
from .calls import bind_formals, inputs_of
from .data_sizes import outside
from .evaluation import is_runtime
from .frames import LARGEST_STEPS, Builder, Frame, LimitReached
from .functions import OTHER_FUNCTIONS, apply_function
from .inference import infer_types, new_values, types_of
from .labels import submodule_name
from .layers import build_layer
from .mode_values import emit_entries, has_entries, whole_value
from .modules import build_block
from .packed import padded
from .variants import elaborated_again


@dataclass
class Inputs:
    """What flows into a step: one value or several, with call-time keywords."""

    values: tuple[Any, ...]
    keywords: dict[str, Any] = field(default_factory=dict)
    span: Span | None = None


def apply_callee(callee: Callee, label: str | None, inputs: Inputs, span: Span, step: ast.Step, frame: Frame) -> Any:
    """Apply a layer, function, block or net to the inputs of a step."""
    if callee.kind == "class":
        raise error("TN0205", f"the class `{callee.name}` is no `nn.Module` and cannot be a step", span)
    if callee.kind in ("function", "method", *OTHER_FUNCTIONS):
        if label is not None:
            raise error("TN0206", f"`{callee.name}` is a function and has no name in the model", step.label.span)
        _refuse_nothing(callee.name, inputs, span)
        return apply_function(callee, inputs.values, inputs.keywords, span, frame)
    if frame.replay:
        return apply_again(frame.replay.pop(0), inputs, span, frame)
    if callee.kind == "layer":
        return _apply_layer(callee, label, inputs, span, step, frame)
    return _apply_block(callee, label, inputs, span, step, frame)


def _refuse_nothing(name: str, inputs: Inputs, span: Span) -> None:
    if not is_runtime((inputs.values, inputs.keywords)):
        raise error(
            "TN0303", f"`{name}` is applied to {describe(inputs.values[0])}, not to a tensor", inputs.span or span
        )


def _apply_layer(callee: Callee, label: str | None, inputs: Inputs, span: Span, step: ast.Step, frame: Frame) -> Any:
    check_inputs(callee.name, inputs, span)
    layer = build_layer(callee, tuple(map(padded, inputs.values)), span, frame)
    _check_dtypes(layer, inputs, span)
    result = layer_types(layer, inputs, span, callee.name, frame)
    name = register(layer, label, step, callee.name, frame)
    return emit_apply(name, inputs.values, inputs.keywords, result, span, frame)


def layer_key(layer: Layer) -> Any:
    """All that a layer's shapes depend on besides its inputs: the shared prototype of equal layers."""
    return layer.key if isinstance(layer, Model) else (layer.path, id(layer.prototype))


LAYER_TYPES: dict[type, Callable[[Any, Inputs, Span, str, Frame], Any]] = {}
"""How the types of a layer's result are found, by the class in the IR where that is special; entered where it is
defined."""


def layer_types(layer: Layer, inputs: Inputs, span: Span, name: str, frame: Frame) -> Any:
    """The types of what a layer gives for these inputs."""
    if type(layer) in LAYER_TYPES:
        return LAYER_TYPES[type(layer)](layer, inputs, span, name, frame)
    return infer_types(frame, layer, layer_key(layer), inputs.values, inputs.keywords, span, name)


def check_inputs(name: str, inputs: Inputs, span: Span) -> None:
    for number, value in enumerate(inputs.values):
        if isinstance(value, (tuple, list)) and len(inputs.values) == 1:
            raise error(
                "TN0303", f"`{name}` is given a {type(value).__name__} of {len(value)} values, not one tensor", span,
                help="take it apart first, such as `y, _ = x -> …`",
            )  # fmt: skip
        if number == 0 and not is_runtime(value):
            raise error("TN0303", f"`{name}` is applied to {describe(value)}, not to a tensor", inputs.span or span)


def _check_dtypes(layer: Layer, inputs: Inputs, span: Span) -> None:
    """An input that a layer's sizes are read off meets its weights; fake tensors let any dtype pass there."""
    tensors = [*layer.prototype.parameters(), *layer.prototype.buffers()]
    wanted = next((str(each.dtype).removeprefix("torch.") for each in tensors if _is_number(each)), None)
    for number in {rule.input for rule in inferred_arguments(type(layer.prototype)).values()}:
        value = inputs.values[number] if number < len(inputs.values) else None
        if wanted and _dtype(value) not in (None, wanted):
            lookup = "; whole numbers that name things go through an `Embedding`" if "int" in value.type.dtype else ""
            raise error(
                "TN0401", f"`{layer.class_name}` computes in {wanted}, but its input is {value.type.dtype}", span,
                Note(f"the input is `{value.type}`", value.span), help=f"write `to({wanted})` before it{lookup}",
            )  # fmt: skip


def _dtype(value: Any) -> str | None:
    return value.type.dtype if isinstance(value, Value) and isinstance(value.type, TensorType) else None


def _is_number(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def register(child: Layer | Module, label: str | None, step: ast.Step, base: str, frame: Frame) -> str:
    span = step.label.span if step.label is not None else step.span
    if frame.named_before:
        raise error(
            "TN0501", "a layer in a `for` kept for run time was named before it", span,
            help="apply and label it before the loop, then write its label here",
        )  # fmt: skip
    name = submodule_name(label, span, base, frame)
    frame.module.children[name] = child
    _count_submodules(child, span, frame)
    return name


def _count_submodules(child: Layer | Module, span: Span, frame: Frame) -> None:
    """Blocks are elaborated once, however often they are applied; what they make together is limited too."""
    counts = frame.net.submodules
    inner = child.children.values() if isinstance(child, Module) else ()
    counts[id(child)] = 1 + sum(counts.get(id(each), 1) for each in inner)
    if counts[id(child)] > LARGEST_STEPS:
        raise LimitReached(error("TN0901", f"more than {LARGEST_STEPS:,} submodules", span))


def emit_apply(
    name: str,
    args: tuple,
    kwargs: dict[str, Any],
    types: Any,
    span: Span,
    frame: Frame,
    variant: Module | None = None,
) -> Any:
    """The node that applies a child. What gives a map gives it whole; its entries are read from it."""
    frame.applied.setdefault(name, tuple(args))
    if has_entries(types):
        whole = whole_value(span, type(types).__name__)
        return emit_entries(types, Node("apply", name, tuple(args), dict(kwargs), whole, span), frame)
    if not isinstance(types, dict):
        values = new_values(types, span)
        return frame.emit(Node("apply", name, tuple(args), dict(kwargs), values, span, variant=variant))
    whole = whole_value(span)
    frame.emit(Node("apply", name, tuple(args), dict(kwargs), whole, span, variant=variant))
    return _items(whole, types, span, frame)


def _items(whole: Value, types: dict[str, Any], span: Span, frame: Frame) -> dict[str, Any]:
    """The nodes that read the values of a map, which may hold maps."""
    found = {}
    for key, each in types.items():
        item = whole_value(span) if isinstance(each, dict) else new_values(each, span)
        frame.emit(Node("index", "", (whole, (key,)), {}, item, span))
        found[key] = _items(item, each, span, frame) if isinstance(each, dict) else item
    return found


def taken(child: Layer | Module, result: Any) -> Any:
    """The values that `at` names: one for one path, a tuple for several."""
    if not isinstance(child, Model) or not child.taps:
        return result
    values = tuple(result[path] for path in child.taps)
    return values if len(values) > 1 else values[0]


def _apply_block(callee: Callee, label: str | None, inputs: Inputs, span: Span, step: ast.Step, frame: Frame) -> Any:
    declared = callee.target
    if callee.kind == "net":
        formals, config = tuple(ast.Formal(port.name.span, port.name, None) for port in declared.node.inputs), ()
    else:
        formals, config = inputs_of(declared.node), declared.node.config or ()
    settings = bind_formals(config, callee.arguments, callee.name, span, declared.globals, frame)
    for name, value in settings.items():
        if is_runtime(value):
            place = callee.arguments.span(name, span)
            raise error("TN0303", f"`{name}` configures `{callee.name}` and must be known before the model runs", place)
    names = [formal.name.text for formal in formals]

    def bind(inputs: Inputs, span: Span) -> list[Any]:
        given = Arguments(inputs.values, inputs.keywords, {})
        return list(bind_formals(formals, given, callee.name, inputs.span or span, declared.globals, frame).values())

    def build(structures: list[Any]) -> Module:
        return build_block(callee, settings, dict(zip(names, structures, strict=True)), span, frame)

    return apply_module(bind, build, inputs, label, callee.name, span, step, frame)


def apply_module(
    bind: Callable[[Inputs, Span], list[Any]],
    build: Callable[[list[Any]], Module],
    inputs: Inputs,
    label: str | None,
    base: str,
    span: Span,
    step: ast.Step,
    frame: Frame,
    args: Callable[[Module], tuple] | None = None,
) -> Any:
    """Build a module for these inputs, register it and apply it."""
    structures = bind(inputs, span)
    try:
        module = build(structures)
    except Skip as skip:
        number = str(len(frame.module.children)) if frame.numbered else base.lower()
        _keep_unfinished(skip, label or number, frame)
        raise
    name = register(module, label, step, base, frame)
    frame.builders[name] = Builder(bind, build, freeze(types_of(structures)))
    values = args(module) if args else tuple(leaves(structures))
    return emit_apply(name, values, {}, outside(types_of(module.result), values, frame), span, frame)


def _keep_unfinished(skip: Skip, name: str, frame: Frame) -> None:
    """Remember a module whose body failed, for a summary up to there; the one around it ends there too."""
    if skip.unfinished is not None:
        frame.net.unfinished.append((frame.module, name, skip.unfinished))
        skip.unfinished = frame.module


def apply_again(name: str, inputs: Inputs, span: Span, frame: Frame) -> Any:
    """A submodule applied once more, with its weights."""
    child = frame.module.children.get(name)
    if child is None:
        raise Skip
    if isinstance(child, Layer):
        check_inputs(name, inputs, span)
        _check_dtypes(child, inputs, span)
        types = layer_types(child, inputs, span, name, frame)
        return taken(child, emit_apply(name, inputs.values, inputs.keywords, types, span, frame))
    structures = frame.builders[name].bind(inputs, span)
    if freeze(types_of(structures)) == frame.builders[name].types:
        types, variant = types_of(child.result), None
    else:
        types, variant = elaborated_again(name, child, structures, span, frame)
    captured = frame.applied[name][child.own_inputs :]
    for value in captured:
        if value in frame.hidden:
            note = Note("it is set here", value.span)
            raise error("TN0206", f"`{name}` reads `{value.name}`, which has no value here", span, note)
    args = (*leaves(structures), *captured)
    return emit_apply(name, args, {}, outside(types, args, frame), span, frame, variant)
