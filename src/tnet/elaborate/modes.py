"""`if training { … } else { … }` and `a if training else b`: both are elaborated, the mode chooses at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ir.graph import Branch, Node, TrainingChoice, TrainingFlag
from ..syntax import ast
from .bodies import executes, run_statements
from .branches import Join, Path, refuse_return, run_path, settle
from .evaluation import decided, evaluate, evaluates
from .frames import Frame


def truths(node: ast.Expr, frame: Frame) -> tuple[bool, bool]:
    """What a condition is in training, and what it is else."""
    if isinstance(node, ast.Grouped):
        return truths(node.inner, frame)
    if isinstance(node, ast.Unary) and node.op == "not":
        then, otherwise = truths(node.operand, frame)
        return not then, not otherwise
    if isinstance(node, ast.Binary) and node.op in ("and", "or"):
        return _joined(node, frame)
    value = evaluate(node, frame)
    if isinstance(value, TrainingFlag):
        return True, False
    if isinstance(value, TrainingChoice):
        return decided(value.then, node), decided(value.otherwise, node)
    return (decided(value, node),) * 2


def _joined(node: ast.Binary, frame: Frame) -> tuple[bool, bool]:
    left = truths(node.left, frame)
    if left == (node.op == "or",) * 2:
        return left
    right = truths(node.right, frame)
    join = all if node.op == "and" else any
    return join((left[0], right[0])), join((left[1], right[1]))


def _path(run: Callable[[], Any], training: bool, frame: Frame) -> Path:
    """A path that runs in one mode alone."""
    before, frame.mode = frame.mode, frame.mode or ("training" if training else "eval")
    try:
        return run_path(run, frame)
    finally:
        frame.mode = before


def _value(node: ast.Expr, frame: Frame) -> Any:
    value = evaluate(node, frame)
    frame.check_mode(value, node.span)
    return value


@executes(ast.If)
def if_statement(node: ast.If, frame: Frame) -> None:
    then, otherwise = truths(node.condition, frame)
    if then == otherwise:
        chosen = node.then if then else node.otherwise
        if chosen is not None:
            run_statements(chosen.statements, frame)
        return
    for body in filter(None, (node.then, node.otherwise)):
        refuse_return(body)
    first = _path(lambda: run_statements(node.then.statements, frame), then, frame)
    rest = node.otherwise.statements if node.otherwise is not None else ()
    second = _path(lambda: run_statements(rest, frame), otherwise, frame)
    training, else_ = (first, second) if then else (second, first)
    join = Join(frame, node.condition.span)
    found = join.names(training.names, else_.names)
    bodies = Branch(training.nodes, tuple(join.then)), Branch(else_.nodes, tuple(join.otherwise))
    settle(found, Node("if", "training", (), {}, tuple(join.merged), node.span, bodies), frame)


@evaluates(ast.Conditional)
def conditional(node: ast.Conditional, frame: Frame) -> Any:
    then, otherwise = truths(node.condition, frame)
    if then == otherwise:
        return evaluate(node.then if then else node.otherwise, frame)
    first = _path(lambda: _value(node.then, frame), then, frame)
    second = _path(lambda: _value(node.otherwise, frame), otherwise, frame)
    training, else_ = (first, second) if then else (second, first)
    join = Join(frame, node.span, what="this")
    value = join.value("x", training.value, else_.value)
    if join.merged:
        bodies = Branch(training.nodes, tuple(join.then)), Branch(else_.nodes, tuple(join.otherwise))
        settle({}, Node("conditional", "training", (), {}, tuple(join.merged), node.span, bodies), frame)
    return value
