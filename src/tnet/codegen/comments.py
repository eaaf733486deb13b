"""Shape comments: sizes at the hints, and in terms of arguments where a class has several instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ir import text
from ..ir.types import TensorType
from . import expressions as py
from .arguments import Column, explain
from .classes import Class
from .imports import Imports
from .printing import Printer
from .relations import multiple, quotient_of

LETTERS = {3: {1: "L"}, 4: {2: "H", 3: "W"}, 5: {2: "D", 3: "H", 4: "W"}}
"""By the number of dims: what sizes along an axis are called where they differ from instance to instance."""

PLAIN = Printer(Imports(set()))


class Shapes:
    """The shapes of a class's values as text."""

    def __init__(self, cls: Class, hints: Mapping[str, int | None]):
        self.bodies = cls.bodies
        self.arguments = cls.unified.arguments
        self.inputs = cls.body.inputs
        self.hints = {name: size for name, size in hints.items() if size is not None}
        self.letters: dict[str, tuple] = {}
        self.written: dict[int, str | None] = {}
        for index in range(cls.body.inputs):
            self.of(index)

    def of(self, index: int) -> str | None:
        """The shape of a value, or None where there is nothing to say."""
        if index not in self.written:
            self.written[index] = self._write(index)
        return self.written[index]

    def _write(self, index: int) -> str | None:
        return self.text([body.values[index].type for body in self.bodies])

    def text(self, types: list[Any]) -> str | None:
        """One shape for the types of a value in all instances."""
        if not all(isinstance(each, TensorType) for each in types) or len({len(each.dims) for each in types}) != 1:
            return None
        rank = len(types[0].dims)
        columns = [tuple(self._at_hints(each.dims[axis]) for each in types) for axis in range(rank)]
        return f"[{', '.join(self._size(column, axis, rank) for axis, column in enumerate(columns))}]"

    def _at_hints(self, size: Any) -> Any:
        if isinstance(size, int):
            return size
        known = size.xreplace({each: self._number(each) for each in size.free_symbols})
        return int(known) if known.is_Integer else text.size(known)

    def _number(self, symbol: Any) -> Any:
        import sympy

        return sympy.Integer(self.hints[symbol.name]) if symbol.name in self.hints else symbol

    def _size(self, column: tuple, axis: int, rank: int) -> str:
        if len(set(column)) == 1:
            return str(column[0])
        spatial = self._spatial(column, LETTERS.get(rank, {}).get(axis))
        formula = None if spatial else explain(Column(column, 0, [py.Literal(None, "size")], True), self.arguments)
        return PLAIN.text(formula.python(lambda each: py.Code(each.name))) if formula else spatial or "_"

    def _spatial(self, column: tuple, letter: str | None) -> str | None:
        """A letter for an input's sizes along an axis, and other sizes in terms of it."""
        if len(self.written) < self.inputs and letter:
            self.letters.setdefault(letter, column)
        known = self.letters.get(letter)
        if known is None or known == column:
            return known and letter
        for step in self.arguments:
            if "window" in step.kinds and quotient_of(column, known, step.values):
                return f"{letter} // {step.name}"
        factor, op = multiple(column, known) or (1, "")
        return op and (f"{factor} * {letter}" if op == "*" else f"{letter} // {factor}")


def notes(shapes: Shapes) -> dict[Any, str]:
    """Comments for the items of sequences in a class's constructor that change the shape, by the value they give."""
    found: dict[Any, str] = {}
    parts = [py.parts(tuple(body.constructor())) for body in shapes.bodies]
    for column in zip(*([each for each in row if isinstance(each, py.Noted)] for row in parts), strict=True):
        given = shapes.text([getattr(each.given, "type", None) for each in column])
        if given and given != shapes.text([getattr(each.taken, "type", None) for each in column]):
            found[column[0].given] = given
    return found
