"""Telling what an operator needs of a size from what its fake kernel merely fixed.

Some fake kernels unroll over a size (those of recurrent layers) or turn it into a number, and so fix it at its hint
though the operator takes any. Where a run fixes a size, or gives one that is divided by a symbolic size, the operator
is run at other hints; if it goes through, the size is free, and each size of the result is found from the runs.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import sympy
from torch.utils._sympy.functions import FloorDiv

from ..ir.types import TensorType
from .fake import Failure, FakeResult
from .symbolic import simplify

FAR = 48
"""Far from the hint by a multiple of the usual strides, which gives the slope of a size."""
NEAR = (1, 2, 3)
"""Close to the hint, which tells floor from exact division."""
REACH = 480
"""How far from the hint the places are looked for at which a size of the result changes, as under unusual strides."""

Run = Callable[[dict[sympy.Symbol, int]], FakeResult]


def without_specialisation(run: Run, run_at_numbers: Run, sizes: dict[sympy.Symbol, int]) -> FakeResult:
    """The result of `run` at these hints, with sizes that only the fake kernel fixed left free.

    `run_at_numbers` runs the same with the hints as plain numbers.
    """
    first = run(sizes)
    fixed = [name for name, hint in sizes.items() if _is_fixed(first, name, hint)]
    result = _freed(run_at_numbers, sizes, fixed, first) or first if fixed else first
    relations = (each for each in result.relations if not _only_chooses(each, result, run_at_numbers, sizes))
    return FakeResult(result.structure, (*relations, *_bounds(result, run_at_numbers, sizes)))


def _only_chooses(relation: Any, result: FakeResult, run: Run, sizes: dict[sympy.Symbol, int]) -> bool:
    """Whether the operator takes sizes beyond a bound as well, and only computes otherwise there, as `cdist` does."""
    if len(relation.free_symbols) != 1 or not isinstance(relation, (sympy.Ge, sympy.Gt, sympy.Le, sympy.Lt)):
        return False
    (name,) = relation.free_symbols
    beyond = _beyond(relation, name, sizes[name])
    return bool(beyond) and all(_as_inferred(result, run, {**sizes, name: size}) for size in beyond)


def _beyond(relation: Any, name: sympy.Symbol, hint: int) -> list[int]:
    """The two sizes nearest to the hint at which a bound does not hold, and the furthest one tried."""
    tried = [*range(hint - 1, 1, -1), *range(hint + 1, 4 * hint)]
    found = [size for size in tried if relation.xreplace({name: sympy.Integer(size)}) == sympy.false]
    return [*found[:2], *found[2:][-1:]]


def _as_inferred(result: FakeResult, run: Run, sizes: dict[sympy.Symbol, int]) -> bool:
    """Whether a run at these sizes gives the sizes that the result says."""
    numbers = {name: sympy.Integer(size) for name, size in sizes.items()}
    try:
        found = run(sizes).structure
    except Failure:
        return False
    return _dims(found) == [sympy.sympify(size).xreplace(numbers) for size in _dims(result.structure)]


def from_numbers(run: Run, sizes: dict[sympy.Symbol, int]) -> FakeResult | None:
    """The result of an operator that runs at numbers only; None where its sizes follow no simple rule."""
    return _freed(run, sizes, list(sizes), FakeResult(None, ()))


def _bounds(result: FakeResult, run: Run, sizes: dict[sympy.Symbol, int]) -> list[Any]:
    """From where on sizes must be, where smaller ones would leave nothing and the operator does not take that: PyTorch
    assumes 2 or more of all, and not all fake kernels ask for more."""
    needs = []
    for name in sizes:
        tried = dict.fromkeys((_vanishing(result, name, sizes), 1))
        largest = next((size for size in tried if _is_refused(result, run, sizes, name, size)), None)
        if largest is not None:
            needs.append(sympy.Ge(name, largest + 1))
    return needs


def _is_refused(result: FakeResult, run: Run, sizes: dict[sympy.Symbol, int], name: sympy.Symbol, size: int) -> bool:
    """Whether the operator does not take a size that leaves nothing, which no relation says so far."""
    alone = {**sizes, name: size}
    numbers = {each: sympy.Integer(hint) for each, hint in alone.items()}
    vanishes = any(each.xreplace(numbers) <= 0 for each in _sizes(result.structure) if name in each.free_symbols)
    known = any(each.xreplace(numbers) == sympy.false for each in result.relations)
    return vanishes and not known and not _goes_through(run, alone)


def _vanishing(result: FakeResult, name: sympy.Symbol, sizes: dict[sympy.Symbol, int]) -> int:
    """The largest value of a size, below its hint, that leaves nothing of a size of the result that it alone decides; 1
    where none does."""
    alone = [size for size in _sizes(result.structure) if size.free_symbols == {name}]
    for most in range(1, sizes[name]):
        if all(size.xreplace({name: sympy.Integer(most)}) > 0 for size in alone):
            return max(1, most - 1)
    return 1


def _is_fixed(result: FakeResult, name: sympy.Symbol, hint: int) -> bool:
    return any(_fixes(each, name, hint) for each in result.relations) or any(
        name in divisor.free_symbols for size in _sizes(result.structure) for divisor in _divisors(size)
    )


def _fixes(relation: Any, name: sympy.Symbol, hint: int) -> bool:
    """Whether only the hint satisfies a relation, as `T == 5` or, of an index `T - 1`, `T - 1 == 4`."""
    if not isinstance(relation, sympy.Eq):
        return False
    difference = relation.lhs - relation.rhs
    linear = difference.as_coefficients_dict().keys() <= {sympy.S.One, name}
    return linear and difference.xreplace({name: sympy.Integer(hint)}) == 0


def _sizes(structure: Any) -> list[Any]:
    return [size for size in _dims(structure) if not isinstance(size, int)]


def _dims(structure: Any) -> list[Any]:
    if isinstance(structure, TensorType):
        return list(structure.dims)
    if isinstance(structure, (tuple, list)):
        return [size for item in structure for size in _dims(item)]
    return []


def _divisors(size: Any) -> list[Any]:
    return [each.args[1] for each in size.atoms(FloorDiv) if each.args[1].free_symbols]


def _freed(run: Run, sizes: dict[sympy.Symbol, int], fixed: list[sympy.Symbol], first: FakeResult) -> FakeResult | None:
    """The result with the fixed sizes free; None where PyTorch does need them, or a size follows no simple rule."""
    try:
        base = run(sizes).structure
        structure = base
        needs: list[Any] = []
        for name in fixed:
            hint, step = sizes[name], _step(run, sizes, name)
            at = {hint: base, **{each: run({**sizes, name: each}).structure for each in _others(hint, step)}}
            if step == 1:
                at = _with_changes(lambda size, name=name: run({**sizes, name: size}).structure, at)
            structure = _merge(structure, _follow(at, name))
            needs += [sympy.Eq(sympy.Mod(name, step), 0)] if step > 1 else []
        for name in sizes.keys() - set(fixed):
            at = {each: run({**sizes, name: each}).structure for each in (sizes[name], sizes[name] + 1)}
            structure = _merge(structure, _follow(at, name))
    except (Failure, _NoRule):
        return None
    kept = [each for each in first.relations if not each.free_symbols & set(fixed)]
    return FakeResult(structure, (*kept, *needs))


class _NoRule(Exception):
    pass


def _others(hint: int, step: int) -> tuple[int, ...]:
    return (*(hint + step * near for near in NEAR), hint + step * FAR)


def _with_changes(structure: Callable[[int], Any], at: dict[int, Any]) -> dict[int, Any]:
    """The structures at more sizes: where one at `REACH` is not on the line through the first and the last of `at`, at
    the next three sizes at which it changes and at those just before them."""
    (hint, *_, far), known = at, dict(at)

    def value(size: int, column: int) -> Any:
        if size not in known:
            known[size] = structure(size)
        return _dims(known[size])[column]

    columns = range(len(_dims(at[hint])))
    try:
        bent = [each for each in columns if _is_bent(*(value(size, each) for size in (hint, far, hint + REACH)))]
        for column in bent:
            size: int | None = hint
            for _ in range(3):
                size = size and _next_change(lambda at, column=column: value(at, column), size, hint + REACH)
    except (Failure, IndexError):
        return at
    known[far] = known.pop(far)  # the last, by which a slope is known
    return known


def _is_bent(start: Any, middle: Any, end: Any) -> bool:
    slope = Fraction(middle - start, FAR)
    return slope.denominator > 1 or start + slope * REACH != end


def _next_change(value: Callable[[int], Any], low: int, high: int) -> int | None:
    """The first size after `low` that has another value, up to `high`, of values that only rise or only fall."""
    start = value(low)
    if value(high) == start:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if value(middle) == start else (low, middle)
    return high


def _step(run: Run, sizes: dict[sympy.Symbol, int], name: sympy.Symbol) -> int:
    """The step in which the operator takes sizes from the hint on: 1, or a divisor of the hint."""
    for step in range(1, min(sizes[name], 64) + 1):
        if sizes[name] % step == 0 and _goes_through(run, {**sizes, name: sizes[name] + step}):
            return step
    raise _NoRule


def _goes_through(run: Run, sizes: dict[sympy.Symbol, int]) -> bool:
    try:
        run(sizes)
    except Failure:
        return False
    return True


def _follow(at: dict[int, Any], name: sympy.Symbol) -> Any:
    """One structure for those at several values of a size."""
    first = next(iter(at.values()))
    if len({_form(each) for each in at.values()}) > 1:
        raise _NoRule  # as many tensors or dims as the size says
    if isinstance(first, TensorType):
        columns = zip(*(value.dims for value in at.values()), strict=True)
        return TensorType(first.dtype, tuple(_rule(dict(zip(at, column, strict=True)), name) for column in columns))
    if isinstance(first, (tuple, list)):
        columns = zip(*at.values(), strict=True)
        return type(first)(_follow(dict(zip(at, column, strict=True)), name) for column in columns)
    return first


def _form(structure: Any) -> tuple:
    """The number of dims of a tensor, or of items of a sequence."""
    if isinstance(structure, TensorType):
        return ("tensor", len(structure.dims))
    return ("sequence", len(structure)) if isinstance(structure, (tuple, list)) else ()


def _rule(at: dict[int, int], name: sympy.Symbol) -> Any:
    """A size as `(p * name + r) // q`, from its values at several of `name`."""
    (low, start), slope = next(iter(at.items())), _slope(at)
    if slope == 0 and all(size == start for size in at.values()):
        return start
    for rest in range(-8 * slope.denominator, 8 * slope.denominator):
        offset = start * slope.denominator - slope.numerator * low + rest
        if all((slope.numerator * size + offset) // slope.denominator == got for size, got in at.items()):
            return simplify(FloorDiv(slope.numerator * name + offset, slope.denominator))
    raise _NoRule


def _slope(at: dict[int, int]) -> Fraction:
    """By the first three changes, if they are equally far from each other, else by the first and the last value."""
    changes = [size for size in sorted(at) if size - 1 in at and at[size] != at[size - 1]][:3]
    gaps = {after - before for before, after in pairwise(changes)}
    jumps = {at[size] - at[size - 1] for size in changes}
    if len(changes) == 3 and len(gaps) == len(jumps) == 1:
        return Fraction(jumps.pop(), gaps.pop())
    (low, start), (high, end) = next(iter(at.items())), list(at.items())[-1]
    return Fraction(end - start, high - low)


def _merge(left: Any, right: Any) -> Any:
    """Two structures that each follow another size: a size may follow only one."""
    if isinstance(left, TensorType):
        dims = tuple(_merge_size(a, b) for a, b in zip(left.dims, right.dims, strict=True))
        return TensorType(left.dtype, dims)
    if isinstance(left, (tuple, list)):
        return type(left)(_merge(a, b) for a, b in zip(left, right, strict=True))
    return left


def _merge_size(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and left != right:
        raise _NoRule
    if not isinstance(left, int) and not isinstance(right, int):
        raise _NoRule
    return left if isinstance(right, int) else right
