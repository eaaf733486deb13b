"""Expressions: compile-time values are computed, tensor operations become nodes."""

from __future__ import annotations

from typing import Any

from ..diagnostics import did_you_mean, error
from ..ir import values
from ..ir.graph import DTypeRef, Node, Value, leaves
from ..ir.types import DTYPES
from ..source import Span
from ..syntax import ast
from .callees import Callee, Skip, describe
from .frames import MISSING, Frame
from .library import library_value, suggest


def evaluate(node: ast.Expr, frame: Frame) -> Any:
    """The value of an expression: a Python value, a callee, or tensors. Raises SpecError or `Skip`."""
    frame.work.count_operation(node.span)
    return EVALUATORS[type(node)](node, frame)


def compile_time(node: ast.Expr, frame: Frame, what: str) -> Any:
    """The value of an expression that may not depend on tensors."""
    value = evaluate(node, frame)
    if next(leaves(value), None) is not None:
        raise error("TN0303", f"{what} must be known before the model runs, but this is {describe(value)}", node.span)
    return value


def _literal(node: ast.Literal, frame: Frame) -> Any:
    return node.value


def _string(node: ast.String, frame: Frame) -> str:
    return "".join(part if isinstance(part, str) else _interpolated(part, frame) for part in node.parts)


def _interpolated(node: ast.Expr, frame: Frame) -> str:
    value = compile_time(node, frame, "a value in a string")
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (int, float, str)):
        raise error("TN0303", f"a string can hold numbers and text, not {describe(value)}", node.span)
    return str(value)


def _duration(node: ast.DurationLiteral, frame: Frame) -> values.Duration:
    return values.Duration(node.value, node.unit)


def _variable(node: ast.Var, frame: Frame) -> Any:
    return lookup(node.name, node.span, frame)


def lookup(name: str, span: Span, frame: Frame) -> Any:
    """A name in an expression: of this body, of the file, or of a library."""
    for found in (frame.find(name), frame.globals.find(name)):
        if found is not MISSING:
            return found
    if frame.section:
        return values.Call(name, span=span)
    found = library_value(name)
    if found is not MISSING:
        return found
    if name in DTYPES:
        return DTypeRef(DTYPES[name])
    if name in frame.labels:
        raise error(
            "TN0206", f"`{name}` is a label, not a value", span, help=f"a parameter of it is `{name}.weight`"
        )
    raise error("TN0201", f"`{name}` is not defined", span, help=suggest(name, frame))


def _list(node: ast.ListExpr, frame: Frame) -> list:
    return [evaluate(item, frame) for item in node.items]


def _map(node: ast.MapExpr, frame: Frame) -> dict:
    return {_key(key, frame): evaluate(value, frame) for key, value in node.items}


def _key(node: ast.Expr, frame: Frame) -> Any:
    value = compile_time(node, frame, "a key")
    if not isinstance(value, (int, float, str, bool)):
        raise error("TN0303", f"a key is a number or text, not {describe(value)}", node.span)
    return value


def _tuple(node: ast.TupleExpr, frame: Frame) -> tuple:
    for item in node.items:
        if item.name:
            raise error("TN0301", f"`{item.name.text}=` stands in no call", item.span)
    return tuple(evaluate(item.value, frame) for item in node.items)


def _grouped(node: ast.Grouped, frame: Frame) -> Any:
    return evaluate(node.inner, frame)


def _conditional(node: ast.Conditional, frame: Frame) -> Any:
    return evaluate(node.then if decide(node.condition, frame) else node.otherwise, frame)


def decide(node: ast.Expr, frame: Frame) -> bool:
    """A compile-time condition."""
    value = evaluate(node, frame)
    if next(leaves(value), None) is not None:
        raise error(
            "TN0405", "a condition on a tensor cannot choose code", node.span,
            help="choose between values with `where(condition, a, b)`, join masks with `&` and `|`",
        )  # fmt: skip
    if value is None or isinstance(value, (bool, int, float, str, list, tuple, dict)):
        return bool(value)
    raise error("TN0303", f"a condition is true or false, not {describe(value)}", node.span)


def _attribute(node: ast.Attribute, frame: Frame) -> Any:
    from .attributes import attribute

    return attribute(node, frame)


def _index(node: ast.Index, frame: Frame) -> Any:
    from .indexing import index

    return index(node, frame)


def _unary(node: ast.Unary, frame: Frame) -> Any:
    from .operators import unary

    return unary(node, frame)


def _binary(node: ast.Binary, frame: Frame) -> Any:
    from .operators import binary

    return binary(node, frame)


def _call(node: ast.Call, frame: Frame) -> Any:
    from .calls import call

    return call(node, frame)


def _pipe(node: ast.Pipe, frame: Frame) -> Any:
    from .steps import pipe

    return pipe(node, frame)


def _error(node: ast.ErrorNode, frame: Frame) -> Any:
    raise Skip


def _range(node: ast.RangeDomain, frame: Frame) -> Any:
    raise error("TN0206", "`..` stands only after `in` of a hyper-parameter", node.span)


EVALUATORS = {
    ast.Literal: _literal,
    ast.String: _string,
    ast.DurationLiteral: _duration,
    ast.Var: _variable,
    ast.ListExpr: _list,
    ast.MapExpr: _map,
    ast.TupleExpr: _tuple,
    ast.Grouped: _grouped,
    ast.Conditional: _conditional,
    ast.Attribute: _attribute,
    ast.Index: _index,
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Call: _call,
    ast.Pipe: _pipe,
    ast.ErrorNode: _error,
    ast.RangeDomain: _range,
}


def arguments(args: tuple[ast.Arg, ...] | None, frame: Frame) -> Any:
    """Evaluated arguments of a call."""
    from .callees import Arguments

    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    spans: dict[str | int, Span] = {}
    for arg in args or ():
        value = evaluate(arg.value, frame)
        if arg.name is None:
            if keywords:
                raise error("TN0301", "a positional argument follows a keyword argument", arg.span)
            spans[len(positional)] = arg.value.span
            positional.append(value)
        else:
            if arg.name.text in keywords:
                raise error("TN0202", f"`{arg.name.text}` is given twice", arg.name.span)
            spans[arg.name.text] = arg.value.span
            keywords[arg.name.text] = value
    return Arguments(tuple(positional), keywords, spans)


def tensor_operation(
    frame: Frame, op: str, target: str, call: Any, args: tuple, kwargs: dict[str, Any], span: Span, key: Any = None
) -> Any:
    """Infer an operation on tensors and add its node; gives the new values."""
    from .inference import infer_types, new_values

    types = infer_types(frame, call, key or (op, target), args, kwargs, span, target)
    return frame.emit(Node(op, target, args, kwargs, new_values(types, span), span))


def is_runtime(value: Any) -> bool:
    return next(leaves(value), None) is not None


def name_of(value: Any) -> str:
    return value.name if isinstance(value, (Value, Callee)) else str(value)


__all__ = ["arguments", "compile_time", "decide", "did_you_mean", "evaluate", "is_runtime", "lookup", "tensor_operation"]
