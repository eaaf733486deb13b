"""Literals, names, lists and maps, conditional expressions."""

from __future__ import annotations

from typing import Any

from ..diagnostics import error
from ..ir import values
from ..ir.graph import DTypeRef, TrainingFlag
from ..ir.types import DTYPES
from ..source import Span
from ..syntax import ast
from .callees import Skip, describe
from .evaluation import compile_time, evaluate, evaluate_each, evaluates
from .frames import MISSING, Frame, Unsettled
from .library import CONSTANTS, library_value
from .operators import counted_items
from .suggestions import suggest


@evaluates(ast.Literal)
def _literal(node: ast.Literal, frame: Frame) -> Any:
    return node.value


@evaluates(ast.String)
def _string(node: ast.String, frame: Frame) -> str:
    found = [part if isinstance(part, str) else _interpolated(part, frame) for part in node.parts]
    return counted_items("".join(found), node.span, frame)


def _interpolated(node: ast.Expr, frame: Frame) -> str:
    value = compile_time(node, frame, "a value in a string")
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (int, float, str)):
        raise error("TN0303", f"a string can hold numbers and text, not {describe(value)}", node.span)
    return str(value)


@evaluates(ast.DurationLiteral)
def _duration(node: ast.DurationLiteral, frame: Frame) -> values.Duration:
    return values.Duration(node.value, node.unit)


@evaluates(ast.Var)
def _variable(node: ast.Var, frame: Frame) -> Any:
    return lookup(node.name, node.span, frame, as_value=True)


def lookup(name: str, span: Span, frame: Frame, as_value: bool = False) -> Any:
    """A name in an expression: of this body, of the file, or of a library. `as_value`: it is not called."""
    here = frame.find(name) if as_value else frame.find_callee(name)
    for found in (here, frame.globals.find(name)):
        if isinstance(found, Unsettled):
            raise error("TN0201", f"`{name}` has no value here: {found.why}", span)
        if found is not MISSING:
            return found
    if name == "training" and frame.module is not None:
        return TrainingFlag()
    if frame.section:
        return CONSTANTS.get(name, values.Call(name, span=span))
    found = library_value(name)
    if found is not MISSING:
        return found
    if name in DTYPES:
        return DTypeRef(DTYPES[name])
    if name in frame.labels:
        raise error("TN0206", f"`{name}` is a label, not a value", span, help=f"a parameter of it is `{name}.weight`")
    raise error("TN0201", f"`{name}` is not defined", span, help=suggest(name, frame, as_value))


@evaluates(ast.ListExpr)
def _list(node: ast.ListExpr, frame: Frame) -> list:
    return counted_items(evaluate_each(node.items, frame), node.span, frame)


@evaluates(ast.MapExpr)
def _map(node: ast.MapExpr, frame: Frame) -> dict:
    made = {_key(key, frame): evaluate(value, frame) for key, value in node.items}
    return counted_items(made, node.span, frame)


def _key(node: ast.Expr, frame: Frame) -> Any:
    value = compile_time(node, frame, "a key")
    if isinstance(value, values.Call) and not value.called:  # in a section: `{top5: accuracy(top_k=5)}`
        return value.name
    if not isinstance(value, (int, float, str, bool)):
        raise error("TN0303", f"a key is a number or text, not {describe(value)}", node.span)
    return value


@evaluates(ast.TupleExpr)
def _tuple(node: ast.TupleExpr, frame: Frame) -> tuple:
    for item in node.items:
        if item.name:
            raise error("TN0301", f"`{item.name.text}=` stands in no call", item.span)
    return counted_items(tuple(evaluate_each((item.value for item in node.items), frame)), node.span, frame)


@evaluates(ast.Grouped)
def _grouped(node: ast.Grouped, frame: Frame) -> Any:
    return evaluate(node.inner, frame)


@evaluates(ast.ErrorNode)
def _error(node: ast.ErrorNode, frame: Frame) -> Any:
    raise Skip


@evaluates(ast.RangeDomain)
def _range(node: ast.RangeDomain, frame: Frame) -> Any:
    raise error("TN0206", "`..` stands only after `in` of a hyper-parameter", node.span)
