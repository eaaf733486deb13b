"""What a net needs of its symbolic sizes, in the fewest words: `H % 8 == 0`, `T <= 128`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy
from torch.utils._sympy.printers import PythonPrinter

from ..ir.graph import Condition
from ..source import Span
from .symbolic import always, symbol

SMALLEST_SCAN = 256
LARGEST_SCAN = 20_000


def summarise(relations: Sequence[tuple[Any, Span]]) -> tuple[Condition, ...]:
    """The conditions that all these relations make together, each with the step that asked for it first.

    An inequality of two sizes only says that PyTorch took the general way, and is no condition.
    """
    distinct: dict[Any, Span] = {}
    for relation, span in relations:
        for part in relation.args if isinstance(relation, sympy.And) else (relation,):
            if always(part) is not True and not isinstance(part, sympy.Ne):
                distinct.setdefault(part, span)
    alone = [(part, span) for part, span in distinct.items() if len(part.free_symbols) == 1]
    joint = [(part, span) for part, span in distinct.items() if len(part.free_symbols) != 1]
    found = _as_they_are(each for each in joint if not _follows(each[0], [part for part, _ in alone]))
    for name in dict.fromkeys(name for part, _ in alone for name in part.free_symbols):
        found += _of_one_symbol(name, [each for each in alone if each[0].free_symbols == {name}])
    return tuple(sorted(found, key=lambda each: (each.span.start if each.span else 0, str(each))))


SMALL_GRID = range(1, 14)


def _follows(relation: Any, others: Sequence[Any]) -> bool:
    """Whether a relation of several sizes holds at all small sizes that the relations of one size accept."""
    names = sorted(relation.free_symbols, key=str)
    if not 1 < len(names) <= 2:
        return False
    accepted = [
        [size for size in SMALL_GRID if all(_holds(each, name, size) for each in others if each.free_symbols == {name})]
        for name in names
    ]
    return all(
        _holds(relation.xreplace({names[0]: sympy.Integer(first)}), names[1], second)
        for first in accepted[0]
        for second in accepted[1]
    )


def _as_they_are(group: Iterable[tuple[Any, Span]]) -> list[Condition]:
    return [Condition(relation, span) for relation, span in group]


def _of_one_symbol(name: sympy.Symbol, group: list[tuple[Any, Span]]) -> list[Condition]:
    """Conditions on one size, found by trying all sizes up to a few times the largest number in them."""
    numbers = [int(each) for relation, _ in group for each in relation.atoms(sympy.Integer)]
    limit = min(max(SMALLEST_SCAN, 4 * max(map(abs, numbers), default=0)), LARGEST_SCAN)
    allowed = [[_holds(relation, name, size) for size in range(1, limit)] for relation, _ in group]
    both = {size for size, row in enumerate(zip(*allowed, strict=True), 1) if all(row)}
    described = _describe(both, limit, symbol(name.name))
    if described is None:
        return _as_they_are(group)
    return [Condition(relation, _first_span(relation, name, group, allowed)) for relation in described]


def implied(left: Any, right: Any, relations: Sequence[Any]) -> bool:
    """Whether two sizes are equal wherever the relations hold; sizes of one symbol only."""
    equal = sympy.Eq(sympy.sympify(left), sympy.sympify(right))
    if equal in (sympy.true, sympy.false) or len(equal.free_symbols) != 1:
        return equal == sympy.true
    name = next(iter(equal.free_symbols))
    given = [each for each in relations if each.free_symbols == {name}]
    accepted = (size for size in range(1, SMALLEST_SCAN) if all(_holds(each, name, size) for each in given))
    return bool(given) and all(_holds(equal, name, size) for size in accepted)


def divisor_needed(left: Any, right: Any) -> Any | None:
    """The relation `H % 4 == 0` that makes two sizes of one symbol equal, where just a divisor does; else None."""
    equal = sympy.Eq(sympy.sympify(left), sympy.sympify(right))
    if len(equal.free_symbols) != 1:
        return None
    name = next(iter(equal.free_symbols))
    sizes = {size for size in range(1, SMALLEST_SCAN) if _holds(equal, name, size)}
    match _describe(sizes, SMALLEST_SCAN, symbol(name.name)):
        case [sympy.Eq(lhs=sympy.Mod()) as relation]:
            return relation
    return None


def _holds(relation: Any, name: sympy.Symbol, size: int) -> bool:
    try:
        return relation.xreplace({name: sympy.Integer(size)}) == sympy.true
    except ZeroDivisionError:  # a size of 0 on the way
        return False


def _describe(sizes: set[int], limit: int, name: sympy.Symbol) -> list[Any] | None:
    """`sizes` as bounds and a divisor, or None if they are nothing so simple."""
    if not sizes:
        return [sympy.false]
    if len(sizes) == 1:
        return [sympy.Eq(name, next(iter(sizes)), evaluate=False)]
    ordered = sorted(sizes)
    step = ordered[1] - ordered[0]
    rest = ordered[0] % step
    low, high = ordered[0], ordered[-1]
    if sizes != set(range(low, high + 1, step)):
        return None
    relations = []
    if step > 1:
        relations.append(sympy.Eq(sympy.Mod(name, step), rest, evaluate=False))
    if low > max(step, 1) or step == 1 and low > 1:
        relations.append(sympy.Ge(name, low))
    if high + step < limit:
        relations.append(sympy.Le(name, high))
    return relations


def _first_span(relation: Any, name: sympy.Symbol, group: list, allowed: list[list[bool]]) -> Span:
    """The step whose own relation first rules out a size that the summary rules out.

    For a divisor only sizes above the divisor count: a bound elsewhere rules out those below it as well.
    """
    first = int(relation.lhs.args[1]) if isinstance(relation, sympy.Eq) and relation.lhs != name else 1
    for (_, span), row in zip(group, allowed, strict=True):
        if any(not row[size - 1] and not _holds(relation, name, size) for size in range(first, len(row) + 1)):
            return span
    return group[0][1]


def python_text(relation: Any) -> str:
    """A relation as Python: `H % 8 == 0`."""
    return PythonPrinter().doprint(relation)
