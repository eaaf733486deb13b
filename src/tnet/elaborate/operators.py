"""Operators: on numbers, sizes, lists and strings now, on tensors as nodes."""

from __future__ import annotations

import operator
from typing import Any

import sympy

from ..diagnostics import error
from ..ir.graph import DTypeRef, TrainingChoice
from ..ir.values import Call, Combined, Duration
from ..shapes import always, arithmetic, data_sizes_of, is_symbolic, rounds_of
from ..source import Span
from ..syntax import ast
from .callees import Callee, Faults, describe
from .evaluation import decide, evaluate, evaluates, is_runtime, tensor_operation
from .frames import Frame
from .growing import appended, is_list
from .inference import in_mode

OPERATIONS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
LOGICAL = frozenset({"and", "or"})
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
LARGEST_INTEGER = 2**63
LARGEST_LENGTH = 2**20


@evaluates(ast.Unary)
def unary(node: ast.Unary, frame: Frame) -> Any:
    if node.op == "not":
        return not decide(node.operand, frame)
    value = evaluate(node.operand, frame)
    call, target = (operator.neg, "neg") if node.op == "-" else (operator.invert, "invert")
    if is_runtime(value):
        return tensor_operation(frame, "operator", target, call, (value,), {}, node.span)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and (node.op == "-" or isinstance(value, int)):
        return call(value)
    if is_symbolic(value) and node.op == "-":
        return -value
    raise error("TN0303", f"`{node.op}` needs a number or a tensor, not {describe(value)}", node.operand.span)


@evaluates(ast.Binary)
def binary(node: ast.Binary, frame: Frame) -> Any:
    """The left sides of a chain `a + b + …` are gone through in a loop, since a chain may be long."""
    first, chain = _left_spine(node)
    if chain[-1].op in LOGICAL:
        return _logical(first, chain, frame)
    faults = Faults()
    value = faults.of(evaluate, first, frame)
    for each in reversed(chain):
        right = faults.of(evaluate, each.right, frame)
        if not faults:
            value = faults.of(apply_operator, each.op, value, right, each.span, frame)
    faults.end()
    return value


def _logical(first: ast.Expr, chain: list[ast.Binary], frame: Frame) -> bool:
    """A chain of `and` and `or`, of which the right sides are read only where they matter."""
    value = decide(first, frame)
    for each in reversed(chain):
        value = value if value is (each.op == "or") else decide(each.right, frame)
    return value


def _left_spine(node: ast.Binary) -> tuple[ast.Expr, list[ast.Binary]]:
    """The leftmost operand of a chain, and its operators from the last to the first; `and`, `or` chain apart."""
    chain = [node]
    while isinstance(chain[-1].left, ast.Binary) and (chain[-1].left.op in LOGICAL) == (node.op in LOGICAL):
        chain.append(chain[-1].left)
        if chain[-1].op in COMPARISONS and chain[-2].op in COMPARISONS:
            raise error(
                "TN0305", "comparisons cannot be chained", chain[-2].span,
                help="join two comparisons with `and`, of tensors with `&`",
            )  # fmt: skip
    return chain[-1].left, chain


def apply_operator(op: str, left: Any, right: Any, span: Span, frame: Frame) -> Any:
    """`left op right`, whatever they are."""
    if op == "+" and is_list(left):
        return appended(left, right, span, frame)
    if op == "+" and is_list(right) and type(left) is list:
        return appended(right, left, span, frame, in_front=True)
    if is_runtime(left) or is_runtime(right):
        return _on_tensors(op, left, right, span, frame)
    if isinstance(left, TrainingChoice) or isinstance(right, TrainingChoice):
        pairs = ((in_mode(left, mode), in_mode(right, mode)) for mode in (True, False))
        return TrainingChoice(*(apply_operator(op, *pair, span, frame) for pair in pairs))
    if isinstance(left, (Call, Combined)) or isinstance(right, (Call, Combined)):
        return _on_calls(op, left, right, span)
    if is_symbolic(left) or is_symbolic(right):
        return _on_sizes(op, left, right, span)
    if op in ("==", "!="):
        return OPERATIONS[op](_comparable(left), _comparable(right))
    if isinstance(left, Duration) or isinstance(right, Duration):
        return _on_durations(op, left, right, span)
    return counted_items(_on_values(op, left, right, span), span, frame)


def _comparable(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _on_tensors(op: str, left: Any, right: Any, span: Span, frame: Frame) -> Any:
    if op == "+" and isinstance(left, list) and isinstance(right, list):
        return counted_items(left + right, span, frame)
    if op in ("==", "!=") and (left is None or right is None):  # whether an optional input was given
        return op == "!="
    for side in (left, right):
        if isinstance(side, (tuple, list, dict, str, Callee)) or side is None:
            help = f"apply it first: `x -> {side.name}`" if isinstance(side, Callee) else None
            raise error("TN0303", f"`{op}` works on tensors one by one, not on {describe(side)}", span, help=help)
    return tensor_operation(frame, "operator", op, OPERATIONS[op], (left, right), {}, span)


def _on_calls(op: str, left: Any, right: Any, span: Span) -> Any:
    if op in "+*" and all(isinstance(side, (Call, Combined)) for side in (left, right)):
        return Combined(op, (left, right), span)
    unknown = left if isinstance(left, Call) else right
    if isinstance(unknown, Combined) or unknown.called or unknown.name[:1].isupper():
        other = right if unknown is left else left
        message = f"`{op}` joins what is alike: sources by `+`, schedules by `*`"
        raise error("TN0303", f"{message}; this is {describe(other)}" if other is not unknown else message, span)
    raise error("TN0201", f"`{unknown.name}` is not defined", unknown.span or span)


def _on_sizes(op: str, left: Any, right: Any, span: Span) -> Any:
    sizes = all(is_symbolic(side) or isinstance(side, int) and not isinstance(side, bool) for side in (left, right))
    if op in COMPARISONS and (rounds_of(left) or rounds_of(right)):
        raise error("TN0405", "the round of a loop kept for run time is known only when the model runs", span)
    if op in COMPARISONS and (data_sizes_of(left) or data_sizes_of(right)) and left != right:
        raise error("TN0405", "a size that depends on data is known only when the model runs", span)
    if op in ("==", "!="):
        same = sizes and sympy.sympify(left) == sympy.sympify(right)
        return same if op == "==" else not same
    if not sizes:
        other = right if is_symbolic(left) else left
        raise error("TN0403", f"`{op}` joins a symbolic size with {describe(other)}", span)
    if op in COMPARISONS:
        known = always(sympy.sympify(OPERATIONS[op](left, right)))
        if known is None:
            raise error(
                "TN0405", f"whether `{left} {op} {right}` cannot be known before the model runs", span,
                help="give the size a number in the net's type, or leave the choice to the tensors with `where`",
            )  # fmt: skip
        return known
    found = arithmetic(op, left, right)
    if found is None:
        raise error("TN0403", f"`{op}` is not for symbolic sizes", span, help="divide with `//`" if op == "/" else None)
    return found


def _on_durations(op: str, left: Any, right: Any, span: Span) -> Duration:
    if isinstance(right, Duration) and op == "*":
        left, right = right, left
    number = isinstance(right, (int, float)) and not isinstance(right, bool)
    if isinstance(left, Duration) and number and op in "*/":
        return Duration(OPERATIONS[op](left.value, right), left.unit)
    same = isinstance(left, Duration) and isinstance(right, Duration) and left.unit == right.unit
    if same and (op in "+-" or op in COMPARISONS):
        result = OPERATIONS[op](left.value, right.value)
        return result if op in COMPARISONS else Duration(result, left.unit)
    raise error("TN0303", f"`{op}` cannot join {describe(left)} and {describe(right)}", span)


def _on_values(op: str, left: Any, right: Any, span: Span) -> Any:
    if not _fit(op, left, right):
        raise error("TN0303", f"`{op}` cannot join {describe(left)} and {describe(right)}", span)
    _check_size(op, left, right, span)
    try:
        result = OPERATIONS[op](left, right)
    except ZeroDivisionError:
        raise error("TN0305", "division by zero", span) from None
    except OverflowError:
        raise error("TN0901", "the result is too large", span) from None
    if isinstance(result, complex):
        raise error("TN0305", f"`{left} ** {right}` is no real number", span)
    return check_integer(result, span)


def check_integer(value: Any, span: Span) -> Any:
    if isinstance(value, int) and not -LARGEST_INTEGER <= value < LARGEST_INTEGER:
        raise error("TN0901", "integers are limited to 64 bits", span)
    return value


def _fit(op: str, left: Any, right: Any) -> bool:
    numbers = all(isinstance(side, (int, float)) for side in (left, right))
    if numbers:
        return op not in "@&|" or op in "&|" and all(isinstance(side, int) for side in (left, right))
    if op == "+" or op in COMPARISONS:
        return type(left) is type(right) and isinstance(left, (str, list, tuple)) and not isinstance(left, DTypeRef)
    return op == "*" and {type(left), type(right)} in ({list, int}, {str, int}, {tuple, int})


def _check_size(op: str, left: Any, right: Any, span: Span) -> None:
    """Refuse what would be too large before it is computed."""
    if op == "**" and isinstance(left, int) and isinstance(right, int) and abs(left) > 1:
        if right * abs(left).bit_length() > 128:
            raise error("TN0901", "integers are limited to 64 bits", span)
    if op == "*" and isinstance(right, int) and isinstance(left, (list, str, tuple)):
        left, right = right, left
    if op == "*" and isinstance(left, int) and isinstance(right, (list, str, tuple)):
        _check_items(left * max(len(right), items(right)), span)


def counted_items(value: Any, span: Span, frame: Frame) -> Any:
    """A value just made; one of many items counts as many operations. Raises SpecError for one that is too large."""
    if isinstance(value, (str, list, tuple, dict)):
        held = items(value)
        _check_items(held, span)
        frame.work.count_operation(span, held // TEXT_IN_ONE if isinstance(value, str) else held)
    return value


TEXT_IN_ONE = 64
"""So many characters count as one operation."""


def items(value: Any) -> int:
    """How many items a value holds, with those that these hold."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return len(value) + sum(map(items, value.values()))
    if isinstance(value, (list, tuple)):
        return len(value) + sum(items(each) for each in value if isinstance(each, (list, tuple, dict)))
    return 1


def _check_items(held: int, span: Span) -> None:
    if held > LARGEST_LENGTH:
        raise error("TN0901", f"lists and text are limited to {LARGEST_LENGTH:,} items", span)
