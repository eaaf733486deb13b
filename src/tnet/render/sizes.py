"""Inputs of a net at definite sizes, where a figure or a run needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ir.graph import Net, Structure, Value, leaves
from ..ir.types import TensorType
from ..shapes import at_hints

if TYPE_CHECKING:
    import torch

BATCH = 1
CANDIDATES = (32, 64, 128, 224, 16, 8, 4, 2, 1, 256, 7, 49)
"""Tried in turn for a size that has no hint and is no batch size."""


def sizes(net: Net) -> dict[str, int]:
    """A size for each symbolic dim: its hint, 1 for a batch, else the first candidate that the conditions allow."""
    batches = {str(kind.dims[0]) for kind in _input_types(net) if kind.dims}
    chosen = {name: hint or BATCH for name, hint in net.symbols.items() if hint or name in batches}
    for name in net.symbols:
        if name not in chosen:
            chosen[name] = next((each for each in CANDIDATES if _allowed(net, chosen | {name: each})), CANDIDATES[0])
    return chosen


def example_inputs(net: Net, device: str, at: dict[str, int] | None = None) -> list[Any]:
    """The inputs of a net as zeros in the structure that `forward` takes them, at `sizes(net)` or those given."""
    import torch

    at = sizes(net) if at is None else at
    return [_example(value, at, torch.device(device)) for value in net.root.inputs]


def _example(value: Structure, at: dict[str, int], device: torch.device) -> Any:
    import torch

    if isinstance(value, Value):
        shape = [at_hints(dim, at) for dim in value.type.dims]
        return torch.zeros(shape, dtype=getattr(torch, value.type.dtype), device=device)
    if isinstance(value, dict):
        return {name: _example(each, at, device) for name, each in value.items()}
    return type(value)(_example(each, at, device) for each in value)


def _input_types(net: Net) -> list[TensorType]:
    return [value.type for value in leaves(net.root.inputs) if isinstance(value.type, TensorType)]


def _allowed(net: Net, at: dict[str, int]) -> bool:
    """Whether the conditions hold of which all sizes are known."""
    from sympy import Integer

    for condition in net.conditions:
        symbols = condition.relation.free_symbols
        known = {each: Integer(at[each.name]) for each in symbols if each.name in at}
        if len(known) == len(symbols) and not condition.relation.xreplace(known):
            return False
    return True
