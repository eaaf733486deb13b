"""Telling what an operator needs of a size from what its fake kernel merely fixed.

Some fake kernels (those of recurrent layers) unroll over a size and so fix it at its hint, though the operator takes
any. Where a run fixes a size, it is run again at other hints; if it goes through at each, the size is free, and a
size of the result that follows it is found from the runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from ..ir.types import TensorType
from .fake import Failure, FakeResult

STEPS = (1, 4)
"""How far from the hint the other runs are."""


def without_specialisation(
    run: Callable[[dict[sympy.Symbol, int]], FakeResult], sizes: dict[sympy.Symbol, int]
) -> FakeResult:
    """The result of `run` at these hints, with sizes that only the fake kernel fixed left free."""
    first = run(sizes)
    for name, hint in sizes.items():
        if any(_fixes(relation, name, hint) for relation in first.relations):
            first = _freed(run, sizes, name, first)
    return first


def _fixes(relation: Any, name: sympy.Symbol, hint: int) -> bool:
    return isinstance(relation, sympy.Eq) and {relation.lhs, relation.rhs} == {name, sympy.Integer(hint)}


def _freed(run: Callable, sizes: dict[sympy.Symbol, int], name: sympy.Symbol, first: FakeResult) -> FakeResult:
    hint = sizes[name]
    try:
        others = [run({**sizes, name: hint + step}) for step in STEPS]
    except Failure:  # a size that PyTorch does need
        return first
    structures = [first.structure, *(each.structure for each in others)]
    hints = [hint, *(hint + step for step in STEPS)]
    structure = _follow(structures, hints, name)
    if structure is None:
        return first
    return FakeResult(structure, tuple(each for each in first.relations if not _fixes(each, name, hint)))


def _follow(values: list[Any], hints: list[int], name: sympy.Symbol) -> Any:
    """One structure for those of several runs: sizes that differ must be a line in the hint; None if one is not."""
    first = values[0]
    if isinstance(first, TensorType):
        dims = [_line(list(each), hints, name) for each in zip(*(value.dims for value in values), strict=True)]
        return None if None in dims else TensorType(first.dtype, tuple(dims))
    if isinstance(first, (tuple, list)):
        items = [_follow(list(each), hints, name) for each in zip(*values, strict=True)]
        return None if None in items else type(first)(items)
    return first


def _line(sizes: list[Any], hints: list[int], name: sympy.Symbol) -> Any:
    if all(size == sizes[0] for size in sizes):
        return sizes[0]
    if not all(isinstance(size, int) for size in sizes):
        return None
    slope, rest = divmod(sizes[1] - sizes[0], hints[1] - hints[0])
    start = sizes[0] - slope * hints[0]
    fits = not rest and all(slope * hint + start == size for size, hint in zip(sizes, hints, strict=True))
    return slope * name + start if fits else None
