"""Neighbours that are alike, as loops: equal ones, and those whose sizes go up by the same amount each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import expressions as py

SHORTEST_PROGRESSION = 3
COUNTERS = ("i", "j", "k", "l_", "m", "n")


def runs(exprs: list[py.Expr]) -> tuple[py.Expr, ...]:
    """The items of a sequence, with one item for each run of like ones."""
    return tuple(_runs(exprs))


def _runs(exprs: list[py.Expr]) -> Iterator[py.Expr]:
    start = 0
    while start < len(exprs):
        first = _item(exprs[start])
        equal = _length(exprs, start, lambda expr, _, first=first: py.same(first, _item(expr)))
        steps = _steps(first, _item(exprs[start + 1])) if equal == 1 and start + 1 < len(exprs) else None
        rising = _length(exprs, start, lambda expr, n, first=first, steps=steps: _is_at(_item(expr), n, first, steps))
        if steps and rising >= SHORTEST_PROGRESSION:
            counter = next(each for each in COUNTERS if each not in _counters(first))
            yield _copies(exprs[start : start + rising], _counting(first, steps, counter), counter)
            start += rising
        else:
            yield _copies(exprs[start : start + equal], first, "_")
            start += equal


def _item(expr: py.Expr) -> py.Expr:
    return expr.item if isinstance(expr, py.Noted) else expr


def _length(exprs: list[py.Expr], start: int, belongs: Any) -> int:
    """How many from `start` on belong together."""
    number = 1
    while start + number < len(exprs) and belongs(exprs[start + number], number):
        number += 1
    return number


def _steps(first: py.Expr, second: py.Expr) -> list[int] | None:
    """By how much each literal goes up; None where the two are not alike but for whole numbers."""
    if first != second:
        return None
    steps = []
    for a, b in zip(py.literals(first), py.literals(second), strict=True):
        if py.exact(a.value) == py.exact(b.value):
            steps.append(0)
        elif type(a.value) is int and type(b.value) is int:
            steps.append(b.value - a.value)
        else:
            return None
    return steps


def _is_at(expr: py.Expr, number: int, first: py.Expr, steps: list[int] | None) -> bool:
    """Whether this is the item that comes `number` after the first."""
    if steps is None or expr != first:
        return False
    return all(
        py.exact(mine.value) == py.exact(base.value + number * step if step else base.value)
        for mine, base, step in zip(py.literals(expr), py.literals(first), steps, strict=True)
    )


def _counters(expr: py.Expr) -> set[str]:
    """What loops within an expression count with."""
    return {part.variable for part in py.parts(expr) if isinstance(part, py.Copies)}


def _counting(first: py.Expr, steps: list[int], counter: str) -> py.Expr:
    """The first item with `start + step * i` for each literal that goes up."""
    by = {id(literal): step for literal, step in zip(py.literals(first), steps, strict=True)}

    def replace(part: Any) -> Any:
        step = by.get(id(part), 0) if isinstance(part, py.Literal) else 0
        return _rising(part, step, py.Code(counter)) if step else None

    return py.rewrite(first, replace)


def _rising(start: py.Literal, step: int, counter: py.Expr) -> py.Expr:
    amount = py.Literal(abs(step), "step", start.label)
    scaled = counter if abs(step) == 1 else py.Binary("*", amount, counter)
    if start.value == 0 and step > 0:
        return scaled
    return py.Binary("-" if step < 0 else "+", start, scaled)


def _copies(run: list[py.Expr], item: py.Expr, variable: str) -> py.Expr:
    """One item for a run; it takes what the first takes, and gives what the last gives."""
    copies = py.Copies(item, py.Literal(len(run), "depth"), variable)
    first, last = run[0], run[-1]
    return py.Noted(copies, first.taken, last.given) if isinstance(last, py.Noted) else copies
