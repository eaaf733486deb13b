"""How sizes go together over all instances of a class: each column has one whole number an instance."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, permutations

LARGEST_MULTIPLE = 16
LARGEST_WEIGHT = 64
MOST_TERMS = 4
MOST_COLUMNS = 8

Column = tuple


def are_whole(column: Column) -> bool:
    return all(type(size) is int for size in column)


def holds(relation: Callable[..., bool], *columns: Column) -> bool:
    """Whether a relation of whole numbers holds in each instance."""
    rows = list(zip(*columns, strict=True))
    return all(type(size) is int and size >= 0 for row in rows for size in row) and all(relation(*row) for row in rows)


def multiple(column: Column, base: Column) -> tuple[int, str] | None:
    """`(n, "*")` for n times `base`, `(n, "//")` for an n-th of it, rounded down."""
    for factor in range(2, LARGEST_MULTIPLE + 1):
        if holds(lambda size, of, by=factor: size == by * of, column, base):
            return factor, "*"
        if holds(lambda size, of, by=factor: size == of // by, column, base):
            return factor, "//"
    return None


def weighted_sum(column: Column, columns: list[Column]) -> tuple[int, ...] | None:
    """The weight of each of `columns` in a sum: of some of them, as a concatenation has, or one and n times another."""
    if len(columns) > MOST_COLUMNS or len(set(column)) == 1:
        return None
    for terms in range(2, min(len(columns), MOST_TERMS) + 1):
        for chosen in combinations(range(len(columns)), terms):
            if holds(lambda size, *parts: size == sum(parts), column, *(columns[each] for each in chosen)):
                return tuple(int(each in chosen) for each in range(len(columns)))
    for first, second in permutations(range(len(columns)), 2):
        times = weight(column, columns[first], columns[second])
        if times:
            return tuple({first: 1, second: times}.get(each, 0) for each in range(len(columns)))
    return None


def weight(column: Column, first: Column, second: Column) -> int | None:
    """The n for which the column is first + n * second."""
    if not all(type(each) is int for each in (column[0], first[0], second[0])) or not second[0]:
        return None
    times = (column[0] - first[0]) // second[0]
    fits = 2 <= times <= LARGEST_WEIGHT
    return times if fits and holds(lambda size, a, b: size == a + times * b, column, first, second) else None


def product(column: Column, first: Column, second: Column) -> bool:
    return holds(lambda size, a, b: size == a * b, column, first, second)


def quotient(column: Column, first: Column, second: Column) -> bool:
    return holds(lambda size, a, b: b > 1 and size == a // b > 1, column, first, second)


def quotient_of(column: Column, base: Column, by: Column) -> bool:
    """Whether the column is the base divided by what may be 1, as a stride, or 0, as a padding."""
    return holds(lambda size, of, each: each > 0 and size == of // each, column, base, by)


def share(column: Column, base: Column) -> int | None:
    """The n of which the column is one part of as many as `base` says: n // base."""
    if not all(type(each) is int and each > 1 for each in (column[0], base[0])):
        return None
    whole = column[0] * base[0]
    return whole if holds(lambda size, by: size > 1 and size * by == whole, column, base) else None


def offset(column: Column, base: Column) -> int | None:
    """The n for which the column is base + n. Two instances would prove nothing."""
    if len(set(base)) < 3 or not type(column[0]) is type(base[0]) is int:
        return None
    more = column[0] - base[0]
    return more if more > 0 and holds(lambda size, of: size == of + more, column, base) else None
