"""Functions that compute at compile time: on numbers, lists and sizes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..diagnostics import error
from ..ir import text
from ..ir.graph import Value
from ..ir.types import ListType
from ..shapes import data_sizes_of, is_symbolic
from ..source import Span
from .callees import Arguments, describe
from .evaluation import is_runtime
from .operators import LARGEST_LENGTH, check_integer

MATHEMATICS: dict[str, Callable] = {
    "abs": abs, "round": round, "min": min, "max": max, "sum": sum, "floor": math.floor, "ceil": math.ceil,
    "sqrt": math.sqrt, "log": math.log, "log2": math.log2, "exp": math.exp, "sin": math.sin, "cos": math.cos,
}  # fmt: skip
"""On numbers they compute now; with a tensor they are torch's."""

SEQUENCES: dict[str, Callable] = {
    "range": lambda *args: list(range(*_bounded(args))),
    "enumerate": lambda *args: [(number, item) for number, item in enumerate(*args)],
    "zip": lambda *args: [tuple(items) for items in zip(*args, strict=True)],
    "len": len, "int": int, "float": float, "str": str,
    "reversed": lambda items: list(reversed(items)), "sorted": sorted,
}  # fmt: skip

NAMES = frozenset(MATHEMATICS) | frozenset(SEQUENCES)


def _length(items: Value, span: Span) -> Any:
    """How many items a list has that grew in a loop."""
    if items.type.length is None or data_sizes_of(items.type.length):
        raise error(
            "TN0303", f"how long `{items.name}` is here is known only when the model runs", span,
            help=f"`stack({items.name})` has it as its first size",
        )  # fmt: skip
    return items.type.length


class TooLong(Exception):
    pass


def _bounded(args: tuple) -> tuple:
    if all(isinstance(each, int) for each in args) and len(range(*args)) > LARGEST_LENGTH:
        raise TooLong
    return args


def computes_now(name: str, args: Arguments) -> bool:
    """Whether a call of that name is compile-time: always for sequences, without tensors for mathematics."""
    if name in SEQUENCES:
        return True
    values = (*args.positional, *args.keywords.values())
    return name in MATHEMATICS and bool(values) and not is_runtime(values)


def call_builtin(name: str, args: Arguments, span: Span) -> Any:
    """The value of a compile-time call."""
    if args.keywords:
        key = next(iter(args.keywords))
        raise error("TN0301", f"`{name}` takes no argument `{key}`", args.span(key, span))
    for position, value in enumerate(args.positional):
        if is_symbolic(value):
            raise error(
                "TN0403",
                f"`{name}` of the symbolic size `{text.size(value)}` cannot be computed now",
                args.span(position, span),
            )
        if name == "len" and isinstance(value, Value) and isinstance(value.type, ListType):
            return _length(value, args.span(position, span))
        if isinstance(value, Value):
            raise error(
                "TN0303", f"`{name}` is for compile-time values, not for {describe(value)}", args.span(position, span)
            )
    function = MATHEMATICS.get(name) or SEQUENCES[name]
    try:
        return check_integer(function(*args.positional), span)
    except TooLong:
        raise error("TN0901", f"lists are limited to {LARGEST_LENGTH:,} items", span) from None
    except (TypeError, ValueError, OverflowError, AttributeError) as problem:
        raise error("TN0305", f"`{name}`: {problem}", span) from None
