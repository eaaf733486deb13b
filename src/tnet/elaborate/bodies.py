"""Statements of a body, one after another; a statement that fails leaves what it would bind unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ..diagnostics import SpecError, did_you_mean, error
from ..ir.graph import Value
from ..source import Span
from ..syntax import ast
from .callees import UNKNOWN, Callee, Skip, describe
from .evaluation import evaluate, evaluate_each, tensor_operation
from .frames import MISSING, Frame, Unsettled
from .indexing import subscript
from .labels import literal_labels
from .operators import apply_operator
from .origins import shortened
from .updates import is_buffer, update_buffer
from .writes import written

Execute = Callable[[Any, Frame], None]
STATEMENTS: dict[type, Execute] = {}


def executes(kind: type) -> Callable[[Execute], Execute]:
    """Enter a function as what elaborates a kind of statement."""

    def enter(function: Execute) -> Execute:
        assert kind not in STATEMENTS, f"two elaborators of {kind.__name__}"
        STATEMENTS[kind] = function
        return function

    return enter


class Returned(Exception):
    """A `return` was met; it ends the body."""

    def __init__(self, value: Any, node: ast.Return):
        self.value = value
        self.node = node


def run_body(body: ast.Body, frame: Frame) -> Any:
    """Elaborate a body; gives what it returns, or its last `x`."""
    frame.reserved = frozenset(literal_labels(body.statements))
    try:
        run_statements(body.statements, frame)
    except Returned as returned:
        return returned.value
    result = frame.names.get("x", ())
    try:
        frame.check_mode(result, body.statements[-1].span if body.statements else body.span)
    except SpecError as problem:
        frame.work.report(problem)
        result = UNKNOWN
    if result is UNKNOWN:
        frame.failed = True
    return result


def run_statements(statements: tuple[ast.Statement, ...], frame: Frame) -> None:
    for number, statement in enumerate(statements):
        frame.work.count_operation(statement.span)
        try:
            STATEMENTS[type(statement)](statement, frame)
        except SpecError as problem:
            frame.work.report(problem)
            _forget(statement, frame)
        except Skip:
            _forget(statement, frame)
        except Returned as returned:
            if number + 1 < len(statements):
                help = "make the `return` the last statement, or take it away"
                frame.work.report(
                    error("TN0501", "nothing runs after `return`", statements[number + 1].span, help=help)
                )
                frame.failed = True
                raise Returned(UNKNOWN, returned.node) from None
            raise


def _forget(statement: ast.Statement, frame: Frame) -> None:
    """What a failed statement would have bound is unknown, so that nothing follows from the fault."""
    frame.failed = True
    for name in bound_names(statement):
        frame.names[name] = UNKNOWN
    if isinstance(statement, ast.Return):
        raise Returned(UNKNOWN, statement)


def bound_names(node: Any) -> set[str]:
    match node:
        case ast.Flow() | ast.ErrorNode():
            return {"x"}
        case ast.Assign():
            return set().union(*map(_target_names, node.targets))
        case ast.IndexAssign() | ast.ParameterStatement() | ast.BufferStatement():
            return {node.name.text}
        case ast.For() | ast.If():
            bodies = [node.body] if isinstance(node, ast.For) else [node.then, *filter(None, [node.otherwise])]
            return set().union(*(bound_names(each) for body in bodies for each in body.statements))
    return set()


def _target_names(target: ast.Target) -> set[str]:
    return {target.text} if isinstance(target, ast.Name) else set().union(*map(_target_names, target.items))


@executes(ast.Assign)
def _assign(node: ast.Assign, frame: Frame) -> None:
    if node.op != "=":
        return _augmented(node, frame)
    value = evaluate(node.value, frame)
    if len(node.targets) == 1:
        return bind_target(node.targets[0], value, node.span, frame)
    unpack(node.targets, value, node, frame)


def _augmented(node: ast.Assign, frame: Frame) -> None:
    target = node.targets[0]
    if is_buffer(target.text, frame):
        return update_buffer(target, node.op, evaluate(node.value, frame), node.span, frame)
    before = _bound(target, frame)
    value = apply_operator(node.op[:-1], before, evaluate(node.value, frame), node.span, frame)
    frame.bind(target, value)


def _bound(name: ast.Name, frame: Frame) -> Any:
    """The value that a name has in this body or one around it."""
    value = frame.find(name.text)
    if value is MISSING:
        names = sorted(frame.names)
        raise error("TN0201", f"`{name.text}` is not defined", name.span, help=did_you_mean(name.text, names))
    if isinstance(value, Unsettled):
        raise error("TN0201", f"`{name.text}` has no value here: {value.why}", name.span)
    return value


def bind_target(target: ast.Target, value: Any, span: Span, frame: Frame) -> None:
    if isinstance(target, ast.Name):
        if is_buffer(target.text, frame):
            return update_buffer(target, "=", value, span, frame)
        frame.bind(target, value)
    else:
        unpack(target.items, value, target, frame)


def unpack(targets: tuple[ast.Target, ...], value: Any, node: ast.Node, frame: Frame) -> None:
    if isinstance(value, Value):
        raise error(
            "TN0303", f"one tensor `{value.type}` cannot be taken apart into {len(targets)}", node.span,
            help="split it first: `x.chunk(2, dim=1)`, `x.unbind(0)`",
        )  # fmt: skip
    if not isinstance(value, (tuple, list)):
        layer = isinstance(value, Callee) and isinstance(node, ast.Assign)
        names = ", ".join(each.span.text for each in targets)
        help = f"apply it: `{names} = x -> {shortened(node.value.span.text)}`" if layer else None
        raise error("TN0303", f"{describe(value)} cannot be taken apart into {len(targets)}", node.span, help=help)
    if len(value) != len(targets):
        raise error("TN0303", f"{len(targets)} names for {len(value)} values", node.span)
    for target, item in zip(targets, value, strict=True):
        bind_target(target, item, target.span, frame)


@executes(ast.IndexAssign)
def _index_assign(node: ast.IndexAssign, frame: Frame) -> None:
    base = _bound(node.name, frame)
    if is_buffer(node.name.text, frame):
        return _write_buffer(node, base, frame)
    frame.bind(node.name, written(base, node.indices, node, frame))


def _write_buffer(node: ast.IndexAssign, base: Value, frame: Frame) -> None:
    first, *rest = node.indices
    subscripts = tuple(subscript(each, frame) for each in first)
    if not rest:
        return update_buffer(node.name, node.op, evaluate(node.value, frame), node.span, frame, subscripts)
    held = tensor_operation(frame, "index", "", operator.getitem, (base, subscripts), {}, node.span)
    update_buffer(node.name, "=", written(held, rest, node, frame), node.span, frame, subscripts)


@executes(ast.Return)
def _return(node: ast.Return, frame: Frame) -> None:
    values = tuple(evaluate_each(node.values, frame))
    for value, place in zip(values, node.values, strict=True):
        frame.check_mode(value, place.span)
    raise Returned(values[0] if len(values) == 1 else values, node)


@executes(ast.ErrorNode)
def _error(node: ast.ErrorNode, frame: Frame) -> None:
    raise Skip
