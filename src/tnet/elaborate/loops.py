"""`for`: unrolled over a list, kept for run time over a range of symbolic length."""

from __future__ import annotations

from typing import Any

from ..diagnostics import error
from ..ir.graph import Value
from ..shapes import is_symbolic
from ..syntax import ast
from .bodies import bind_target, executes, run_statements, unpack
from .callees import describe
from .evaluation import arguments, evaluate
from .frames import MISSING, Frame
from .growing import is_list
from .rounds import range_rounds


@executes(ast.For)
def for_statement(node: ast.For, frame: Frame) -> None:
    bounds = symbolic_range(node.iterable, frame)
    if bounds is not None:
        return range_rounds(node, bounds, frame)
    for item in items_of(node.iterable, frame):
        if len(node.targets) == 1:
            bind_target(node.targets[0], item, node.iterable.span, frame)
        else:
            unpack(node.targets, item, node.iterable, frame)
        run_statements(node.body.statements, frame)


def symbolic_range(node: ast.Expr, frame: Frame) -> tuple[Any, Any, int] | None:
    """Start, stop and step of a `range` of symbolic length, or None for what is no such thing."""
    if not isinstance(node, ast.Call) or not isinstance(node.callee, ast.Var) or node.callee.name != "range":
        return None
    if frame.find("range") is not MISSING or frame.globals.find("range") is not MISSING:
        return None
    given = arguments(node.args, frame)
    bounds = given.positional
    if given.keywords or not 1 <= len(bounds) <= 3 or not any(map(is_symbolic, bounds)):
        return None
    for position, bound in enumerate(bounds):
        if not is_symbolic(bound) and (not isinstance(bound, int) or isinstance(bound, bool)):
            raise error("TN0303", f"a range goes over integers, not to {describe(bound)}", given.spans[position])
    start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    if is_symbolic(step) or step < 1:
        raise error("TN0303", "the step of a range of symbolic length is an integer from 1", given.spans[2])
    return start, stop, step


def items_of(node: ast.Expr, frame: Frame) -> Any:
    """What a `for` goes over: a list known now, which may hold tensors."""
    items = evaluate(node, frame)
    if isinstance(items, dict):
        return list(items)
    if is_list(items):
        raise error(
            "TN0303", "a `for` does not go over a list that grew in a loop", node.span, help="`stack` it and use that"
        )
    if isinstance(items, Value):
        raise error(
            "TN0303", "a `for` goes over a list, not over a tensor", node.span, help="`x.unbind(0)` gives a list"
        )
    if not isinstance(items, (list, tuple, range)):
        raise error("TN0303", f"a `for` goes over a list, not over {describe(items)}", node.span)
    return items
