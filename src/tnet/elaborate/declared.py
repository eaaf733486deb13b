"""`parameter` and `buffer` statements."""

from __future__ import annotations

import inspect
from typing import Any

from torch.nn import init

from ..diagnostics import counted, did_you_mean, error
from ..ir.graph import Declared, DTypeRef, InitRef, Module, Value
from ..ir.types import TensorType
from ..source import Span
from ..syntax import ast
from .bodies import executes
from .branches import read_own
from .callees import Arguments, describe
from .evaluation import arguments, compile_time, evaluate, is_runtime
from .frames import MISSING, Frame
from .functions import apply_function
from .labels import check_label
from .library import library_callee
from .limits import check_bytes
from .ports import fixed_type


@executes(ast.ParameterStatement)
def declare_parameter(node: ast.ParameterStatement, frame: Frame) -> None:
    if node.value is None:
        raise error(
            "TN0302", f"parameter `{node.name.text}` needs a start value", node.span,
            help="a function of torch.nn.init, such as `= normal(std=0.02)`, or an expression",
        )  # fmt: skip
    declared = _declared(node, frame)
    if not declared.type.is_trainable:
        raise error(
            "TN0303", f"a parameter has a gradient, which `{declared.type.dtype}` cannot have", node.type.span,
            help="write `buffer` for a tensor that is not trained",
        )  # fmt: skip
    frame.module.parameters[node.name.text] = declared
    frame.names[node.name.text] = read_own(node.name.text, node.name.span, frame)


@executes(ast.BufferStatement)
def declare_buffer(node: ast.BufferStatement, frame: Frame) -> None:
    if node.value is None:
        raise error("TN0302", f"buffer `{node.name.text}` needs a value", node.span, help="such as `= zeros`")
    declared = _declared(node, frame)
    for option in node.options:
        if option.name is None or option.name.text != "persistent":
            raise error("TN0301", "a buffer takes only `persistent=…` after its value", option.span)
        declared.persistent = compile_time(option.value, frame, "`persistent`")
        if not isinstance(declared.persistent, bool):
            raise error("TN0303", f"`persistent` is true or false, not {describe(declared.persistent)}", option.span)
    frame.module.buffers[node.name.text] = declared
    frame.names[node.name.text] = read_own(node.name.text, node.name.span, frame)


def _declared(node: Any, frame: Frame) -> Declared:
    check_label(node.name.text, node.name.span, frame)
    type_ = fixed_type(node.type, frame)
    numel = 1
    for dim in type_.dims:
        numel *= dim
    check_bytes(frame, 4 * numel, node.span)
    start = _init(node.value, frame)
    expression = None if start else _expression(node, type_, frame)
    return Declared(node.name.text, type_, start, node.span, expression=expression)


def _init(node: ast.Expr, frame: Frame) -> InitRef | None:
    """A bare name or call of a function of torch.nn.init."""
    callee = node.callee if isinstance(node, ast.Call) else node
    if not isinstance(callee, ast.Var) or not is_init(callee.name):
        return None
    if frame.find(callee.name) is not MISSING or frame.globals.find(callee.name) is not MISSING:
        return None
    given = arguments(node.args if isinstance(node, ast.Call) else (), frame)
    named = dict(given.keywords)
    for name, value in zip(init_arguments(callee.name), given.positional, strict=False):
        named[name] = value
    _check_arguments(callee.name, given, named, node)
    return InitRef(callee.name, tuple(named.items()))


def is_init(name: str) -> bool:
    """Whether torch.nn.init has an in-place function of that name."""
    return not name.startswith("_") and callable(getattr(init, f"{name}_", None))


def init_arguments(name: str) -> list[str]:
    """The arguments of a function of torch.nn.init but the tensor and the generator."""
    return [each for each in list(inspect.signature(getattr(init, f"{name}_")).parameters)[1:] if each != "generator"]


def _check_arguments(name: str, given: Any, named: dict[str, Any], node: ast.Expr) -> None:
    known = init_arguments(name)
    if len(given.positional) > len(known):
        takes = counted(len(known), "argument")
        raise error("TN0301", f"`{name}` takes {takes}, got {len(given.positional)}", node.span)
    for key in named:
        if key not in known:
            raise error(
                "TN0301", f"`{name}` has no argument `{key}`", given.span(key, node.span), help=did_you_mean(key, known)
            )


def _expression(node: Any, type_: TensorType, frame: Frame) -> Module:
    """An expression computed once, as a module without inputs."""
    module = Module("block", node.name.text, span=node.span)
    names = {name: value for name, value in frame.names.items() if not is_runtime(value)}
    inner = Frame(frame.work, frame.globals, frame.net, module, names=names)
    value = _as_tensor(evaluate(node.value, inner), type_, node.value.span, inner)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise error(
            "TN0303", f"`{node.name.text}` is a tensor; {value} alone is a number", node.value.span,
            help=f"write `constant({value})`",
        )  # fmt: skip
    if not isinstance(value, Value) or not isinstance(value.type, TensorType):
        raise error("TN0303", f"`{node.name.text}` starts as a tensor, not as {describe(value)}", node.value.span)
    if value.type.dims != type_.dims or value.type.dtype != type_.dtype:
        raise error("TN0402", f"`{node.name.text}` is `{type_}`, but its value is `{value.type}`", node.value.span)
    module.result = value
    return module


def _as_tensor(value: Any, type_: TensorType, span: Span, frame: Frame) -> Any:
    """A list of numbers as a tensor of the declared dtype; other values as they are."""
    if not isinstance(value, (list, tuple)) or is_runtime(value):
        return value
    given = Arguments((), {"dtype": DTypeRef(type_.dtype)}, {})
    made = library_callee("tensor", step=False).bind(given)
    return apply_function(made, (list(value),), {}, span, frame)
