"""Indexing and slicing: of lists, maps and text now, of tensors as nodes."""

from __future__ import annotations

import operator
from typing import Any

from ..diagnostics import did_you_mean, error
from ..ir.graph import Value
from ..shapes import is_symbolic
from ..source import Span
from ..syntax import ast
from .callees import describe
from .evaluation import compile_time, evaluate, evaluates, tensor_operation
from .frames import Frame
from .growing import is_list, item


@evaluates(ast.Index)
def index(node: ast.Index, frame: Frame) -> Any:
    value = evaluate(node.value, frame)
    if isinstance(value, Value):
        subscripts = tuple(subscript(each, frame) for each in node.subscripts)
        if is_list(value):
            return item(value, subscripts, node.span, frame)
        return tensor_operation(frame, "index", "", operator.getitem, (value, subscripts), {}, node.span)
    if len(node.subscripts) != 1 or isinstance(node.subscripts[0], ast.Ellipsis):
        raise error("TN0303", f"{describe(value)} takes one index", node.span)
    return item_now(value, node.subscripts[0], node.value.span, frame)


def subscript(node: Any, frame: Frame) -> Any:
    """One subscript of a tensor."""
    if isinstance(node, ast.Ellipsis):
        return ...
    if isinstance(node, ast.Slice):
        return slice(*(each and _bound(each, frame) for each in (node.start, node.stop, node.step)))
    return evaluate(node, frame)


def _bound(node: ast.Expr, frame: Frame) -> Any:
    value = compile_time(node, frame, "a bound of a slice")
    if value is None or is_symbolic(value) or isinstance(value, int) and not isinstance(value, bool):
        return value
    raise error("TN0303", f"a slice goes from integer to integer, not to {describe(value)}", node.span)


def item_now(value: Any, node: Any, span: Span, frame: Frame) -> Any:
    """An item of a list, map or text, at the subscript `node`; `span` is what is indexed."""
    if isinstance(value, dict) and not isinstance(node, ast.Slice):
        return _entry(value, compile_time(node, frame, "a key"), node)
    if not isinstance(value, (list, tuple, str, range)):
        raise error("TN0303", f"{describe(value)} cannot be indexed", span)
    if isinstance(node, ast.Slice):
        return value[_slice_now(node, frame)]
    position = compile_time(node, frame, "an index")
    if not isinstance(position, int) or isinstance(position, bool):
        raise error("TN0303", f"an index is an integer, not {describe(position)}", node.span)
    if not -len(value) <= position < len(value):
        raise error("TN0305", f"index {position} is outside of {len(value)} items", node.span)
    return value[position]


def _slice_now(node: ast.Slice, frame: Frame) -> slice:
    found = subscript(node, frame)
    if any(map(is_symbolic, (found.start, found.stop, found.step))):
        raise error("TN0403", "a list is cut at numbers, not at symbolic sizes", node.span)
    if found.step == 0:
        raise error("TN0305", "a slice cannot go in steps of 0", node.step.span)
    return found


def _entry(value: dict, key: Any, node: ast.Expr) -> Any:
    try:
        return value[key]
    except (KeyError, TypeError):
        keys = ", ".join(f"`{each}`" for each in list(value)[:12])
        hint = did_you_mean(key, [each for each in value if isinstance(each, str)]) if isinstance(key, str) else None
        raise error("TN0305", f"the map has no key `{key}`; it has {keys}", node.span, help=hint) from None
