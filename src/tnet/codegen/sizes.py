"""Symbolic sizes as Python: read from the shape of a tensor at hand, or computed from such sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, reduce
from typing import Any

import sympy

from ..ir.types import TensorType, Type
from ..shapes import data_sizes_of
from . import expressions as py

OPERATORS = {
    "FloorDiv": "//", "CleanDiv": "//", "IntTrueDiv": "//", "Mod": "%", "PythonMod": "%", "Pow": "**",
    "Equality": "==", "Unequality": "!=", "LessThan": "<=", "StrictLessThan": "<", "GreaterThan": ">=",
    "StrictGreaterThan": ">",
}  # fmt: skip
"""sympy's and torch's classes of size arithmetic."""

EXTREMES = {"Max": "max", "Min": "min"}


def is_symbolic(value: Any) -> bool:
    return isinstance(value, sympy.Basic) and not isinstance(value, sympy.Integer)


def data_sizes(argument: Any) -> set[sympy.Symbol]:
    """The sizes that depend on data in an argument, as in `x.reshape(y.shape[0], -1)` after `y = nonzero(x)`."""
    match argument:
        case tuple() | list():
            return set().union(*map(data_sizes, argument))
        case dict():
            return data_sizes(list(argument.values()))
        case slice():
            return data_sizes((argument.start, argument.stop, argument.step))
    return data_sizes_of(argument)


class Sizes:
    """Which tensor of a body has which symbolic size, as values come to be.

    A size of an input is read from the first input that has it, any other from the newest value that has it.
    """

    def __init__(self, inputs: Iterable[Type]):
        self.inputs: dict[Any, py.Dim] = {}
        self.newer: dict[Any, py.Dim] = {}
        for index, kind in enumerate(inputs):
            for size, dim in _dims(index, kind):
                self.inputs.setdefault(size, dim)

    def define(self, index: int, kind: Type) -> None:
        self.newer.update(_dims(index, kind))

    def python(self, size: Any) -> py.Expr:
        return as_python(size, self._lookup)

    def _lookup(self, size: Any) -> py.Expr | None:
        known = {**self.newer, **self.inputs}
        if size in known or not isinstance(size, sympy.Expr):
            return known.get(size)
        for rule in (_multiple, self._product):
            for other, dim in known.items():
                if (found := rule(size, other, dim)) is not None:
                    return found
        return None

    def _product(self, size: Any, known: Any, dim: py.Expr) -> py.Expr | None:
        """`size` as `known` times something simpler."""
        if not known.free_symbols < size.free_symbols:
            return None
        rest = sympy.cancel(size / known)
        simpler = rest.free_symbols < size.free_symbols and rest.as_numer_denom()[1] == 1
        return py.Binary("*", dim, self.python(rest)) if simpler else None


def _dims(index: int, kind: Type) -> Iterable[tuple[Any, py.Dim]]:
    dims = kind.dims if isinstance(kind, TensorType) else ()
    return [(size, py.Dim(index, axis)) for axis, size in enumerate(dims) if is_symbolic(size)]


def _multiple(size: Any, known: Any, dim: py.Expr) -> py.Expr | None:
    """`size` as a rational multiple of `known`, or moved from it by an integer."""
    if not size.free_symbols or size.free_symbols != known.free_symbols:
        return None
    ratio, offset = sympy.cancel(size / known), size - known
    if ratio.is_Rational:
        scaled = dim if ratio.p == 1 else py.Binary("*", _number(ratio.p), dim)
        return scaled if ratio.q == 1 else py.Binary("//", scaled, _number(ratio.q))
    return _moved(dim, int(offset)) if offset.is_Integer else None


def _moved(size: py.Expr, by: int) -> py.Expr:
    return py.Binary("-" if by < 0 else "+", size, _number(abs(by)))


def as_python(size: Any, lookup: Callable[[Any], py.Expr | None]) -> py.Expr:
    """A size or relation in Python arithmetic over what `lookup` finds."""
    size = sympy.sympify(size)
    if size.is_Integer:
        return _number(size)
    found = lookup(size)
    if found is not None:
        return found

    def convert(part: Any) -> py.Expr:
        return as_python(part, lookup)

    kind = type(size).__name__
    if kind in OPERATORS:
        return py.Binary(OPERATORS[kind], *map(convert, size.args))
    if kind in EXTREMES:
        return py.Call(py.Path(f"builtins.{EXTREMES[kind]}"), tuple(map(convert, size.args)))
    if kind == "floor":
        return py.Binary("//", *map(convert, size.args[0].as_numer_denom()))
    numerator, denominator = size.as_numer_denom()
    if denominator != 1:
        return py.Binary("//", convert(numerator), convert(denominator))
    if size.is_Add:
        return _sum(size, convert)
    if size.is_Mul:
        return reduce(partial(py.Binary, "*"), map(convert, size.as_ordered_factors()))
    raise AssertionError(f"no Python for the size {size}")


def _number(value: Any) -> py.Literal:
    return py.Literal(int(value), "factor")


def _sum(size: Any, convert: Callable[[Any], py.Expr]) -> py.Expr:
    """A sum as people write it: positive terms first, the constant last."""
    terms = sorted(size.as_ordered_terms(), key=lambda term: (_is_negative(term), term.is_Integer))
    total = convert(terms[0])
    for term in terms[1:]:
        negative = _is_negative(term)
        total = py.Binary("-" if negative else "+", total, convert(-term if negative else term))
    return total


def _is_negative(term: Any) -> bool:
    return bool(term.as_coeff_Mul()[0] < 0)
