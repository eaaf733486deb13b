"""Sizes that depend on data, as of `nonzero(x)` or `x[mask]`: anonymous symbols that no condition can be asked of."""

from __future__ import annotations

from typing import Any

import sympy

from ..diagnostics import error
from ..ir.graph import Value, leaves
from ..ir.types import TensorType
from ..shapes import Inferred, data_size, data_sizes_of, freeze, replace_sizes
from ..source import Span
from .frames import Frame

EXAMPLE = 24
"""Where an example is needed, multiples of this number, a different one for each symbol: many numbers divide them."""


def named(found: Inferred, op: str, args: tuple, frame: Frame) -> Any:
    """Inferred types with this net's own symbols. What one mask picks is equally much, whatever it is picked from."""
    if not found.made:
        return found.structure
    chosen_by = args[1] if op == "index" else args
    cause = (op, frozen_with_values(chosen_by), len(found.made))
    if cause not in frame.net.data_sizes:
        frame.net.data_sizes[cause] = tuple(new_data_size(frame) for _ in found.made)
    return replace_sizes(found.structure, dict(zip(found.made, frame.net.data_sizes[cause], strict=True)))


def frozen_with_values(args: Any) -> Any:
    return (freeze(args), tuple(map(id, leaves(args))))


def new_data_size(frame: Frame) -> sympy.Symbol:
    """A further size that depends on data."""
    number = sum(name.startswith("?") for name in frame.net.hints)
    symbol = data_size(number)
    frame.net.hints[symbol.name] = EXAMPLE * (number + 1)
    return symbol


def outside(types: Any, args: tuple, frame: Frame) -> Any:
    """The types that a module gives, where it is applied: what depends on data in it differs each time."""
    known = set().union(*(_sizes(each.type) for each in leaves(args)))
    own = sorted(_sizes(types) - known, key=str)
    return replace_sizes(types, {each: new_data_size(frame) for each in own}) if own else types


def _sizes(types: Any) -> set[sympy.Symbol]:
    match types:
        case TensorType():
            return set().union(*map(data_sizes_of, types.dims))
        case tuple() | list():
            return set().union(*map(_sizes, types))
        case dict():
            return _sizes(list(types.values()))
        case Value():
            return _sizes(types.type)
    return set()


def relations_of_sizes(relations: tuple[Any, ...], name: str, span: Span) -> list[tuple[Any, Span]]:
    """What is asked of sizes that the net can test on entry; PyTorch itself tests the others when the model runs."""
    for relation in relations:
        sizes = data_sizes_of(relation)
        if sizes and isinstance(relation, sympy.Eq) and relation.rhs.is_Integer and relation.lhs in sizes:
            raise error("TN0403", f"`{name}` needs a known size, but this one depends on data", span)
    return [(relation, span) for relation in relations if not data_sizes_of(relation)]
