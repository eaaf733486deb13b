"""Symbolic sizes: sympy expressions over positive integer symbols named as in the spec."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sympy
from torch.utils._sympy.functions import FloorDiv, Mod
from torch.utils._sympy.value_ranges import ValueRanges, bound_sympy

from ..ir.types import Dim

LARGEST_SIZE = 2**62


@cache
def symbol(name: str) -> sympy.Symbol:
    """The symbol of a symbolic dim: any size from 1."""
    return sympy.Symbol(name, positive=True, integer=True)


@cache
def round_number(name: str) -> sympy.Symbol:
    """The symbol of the number of a round in a loop kept for run time: any from 0, no size."""
    return sympy.Symbol(name, integer=True, nonnegative=True)


@cache
def data_size(number: int) -> sympy.Symbol:
    """The symbol of a size that depends on data, `?0`: any from 0, without a name of its own in a spec."""
    return sympy.Symbol(f"?{number}", integer=True, nonnegative=True)


def data_sizes_of(value: Any) -> set[sympy.Symbol]:
    """The sizes that depend on data in a size or relation."""
    return {each for each in getattr(value, "free_symbols", ()) if each.name.startswith("?")}


def rounds_of(value: Any) -> set[sympy.Symbol]:
    """The numbers of rounds that an expression is made of."""
    if not is_symbolic(value):
        return set()
    return {each for each in value.free_symbols - data_sizes_of(value) if not each.is_positive}


def is_symbolic(value: Any) -> bool:
    return isinstance(value, sympy.Expr)


def simplify(value: Any) -> Dim:
    """A size as an `int` where it is one."""
    return int(value) if isinstance(value, sympy.Integer) else value


def at_hints(size: Dim, hints: Mapping[str, int]) -> int:
    """A size at the symbols' hints."""
    if isinstance(size, int):
        return size
    return int(size.xreplace({each: sympy.Integer(hints[each.name]) for each in size.free_symbols}))


def arithmetic(op: str, left: Dim, right: Dim) -> Dim | None:
    """`left op right` for integers of which at least one is symbolic; None for an operation that sizes lack."""
    left, right = sympy.sympify(left), sympy.sympify(right)
    operations = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "//": lambda: FloorDiv(left, right),
        "%": lambda: Mod(left, right),
        "**": lambda: left**right,
    }
    return simplify(operations[op]()) if op in operations else None


def always(relation: Any) -> bool | None:
    """Whether a relation of sizes holds for all sizes (True), for none (False), or neither is known (None)."""
    if relation in (sympy.true, sympy.false):
        return bool(relation)
    ranges = {each: ValueRanges(int(bool(each.is_positive)), LARGEST_SIZE) for each in relation.free_symbols}
    try:
        bound = bound_sympy(relation, ranges)
    except (NotImplementedError, AttributeError, TypeError, KeyError, RecursionError, ZeroDivisionError):
        return None
    return bool(bound.lower) if bound.is_singleton() else None
