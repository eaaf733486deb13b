"""Evaluating expressions: compile-time values are computed, tensor operations become nodes.

Each kind of expression is evaluated by a function in its own file, entered in `EVALUATORS` where it is defined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ..diagnostics import SpecError, error
from ..ir.graph import Node, TrainingChoice, TrainingFlag, leaves
from ..source import Span
from ..syntax import ast
from .callees import Arguments, Faults, describe
from .frames import Frame
from .inference import infer_types, new_values

Evaluator = Callable[[Any, Frame], Any]
EVALUATORS: dict[type, Evaluator] = {}


def evaluates(kind: type) -> Callable[[Evaluator], Evaluator]:
    """Enter a function as the evaluator of a kind of expression."""

    def enter(function: Evaluator) -> Evaluator:
        assert kind not in EVALUATORS, f"two evaluators of {kind.__name__}"
        EVALUATORS[kind] = function
        return function

    return enter


def evaluate(node: ast.Expr, frame: Frame) -> Any:
    """The value of an expression: a Python value, a callee, or tensors. Raises SpecError or `Skip`."""
    frame.work.count_operation(node.span)
    return EVALUATORS[type(node)](node, frame)


def evaluate_each(nodes: Iterable[ast.Expr], frame: Frame) -> list[Any]:
    """The values of expressions side by side. Raises what is wrong with all of them."""
    faults = Faults()
    found = [faults.of(evaluate, node, frame) for node in nodes]
    faults.end()
    return found


def compile_time(node: ast.Expr, frame: Frame, what: str) -> Any:
    """The value of an expression that may not depend on tensors."""
    value = evaluate(node, frame)
    if next(leaves(value), None) is not None:
        raise error("TN0303", f"{what} must be known before the model runs, but this is {describe(value)}", node.span)
    return value


def decide(node: ast.Expr, frame: Frame) -> bool:
    """A compile-time condition."""
    return decided(evaluate(node, frame), node)


def decided(value: Any, node: ast.Expr) -> bool:
    """The truth of a condition's value."""
    if isinstance(value, (TrainingFlag, TrainingChoice)):
        raise error(
            "TN0405", "the mode is known only when the model runs", node.span,
            help="ask for it in the condition of an `if`: `if training { … }`, `a if training else b`",
        )  # fmt: skip
    if next(leaves(value), None) is not None:
        raise error(
            "TN0405", "a condition on a tensor cannot choose code", node.span,
            help="choose between values with `where(condition, a, b)`, join masks with `&` and `|`",
        )  # fmt: skip
    if value is None or isinstance(value, (bool, int, float, str, list, tuple, dict)):
        return bool(value)
    raise error("TN0303", f"a condition is true or false, not {describe(value)}", node.span)


def arguments(args: tuple[ast.Arg, ...] | None, frame: Frame) -> Arguments:
    """Evaluated arguments of a call."""
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    spans: dict[str | int, Span] = {}
    names: dict[str, Span] = {}
    faults = Faults()
    for arg in args or ():
        value = faults.of(_argument, arg, frame)
        if arg.name is None:
            if keywords:
                raise error("TN0301", "a positional argument follows a keyword argument", arg.span)
            spans[len(positional)] = arg.value.span
            positional.append(value)
        else:
            if arg.name.text in keywords:
                raise error("TN0202", f"`{arg.name.text}` is given twice", arg.name.span)
            spans[arg.name.text], names[arg.name.text] = arg.value.span, arg.name.span
            keywords[arg.name.text] = value
    faults.end()
    return Arguments(tuple(positional), keywords, spans, names)


def _argument(arg: ast.Arg, frame: Frame) -> Any:
    try:
        return evaluate(arg.value, frame)
    except SpecError as problem:
        first = problem.diagnostics[0]
        if arg.name is None or not isinstance(arg.value, ast.Var) or first.code != "TN0201" or first.help:
            raise
        raise SpecError([replace(first, help=f'text stands in quotes: `"{arg.value.name}"`')]) from None


def tensor_operation(
    frame: Frame, op: str, target: str, call: Any, args: tuple, kwargs: dict[str, Any], span: Span, key: Any = None
) -> Any:
    """Infer an operation on tensors and add its node; gives the new values."""
    types = infer_types(frame, call, key or (op, target), args, kwargs, span, target)
    return frame.emit(Node(op, target, args, kwargs, new_values(types, span), span))


def is_runtime(value: Any) -> bool:
    return next(leaves(value), None) is not None
