"""Bytes that a net takes: its parameters, its buffers, and what its steps give in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from ..ir.graph import Layer, Module, Net, Node, inner_modules, leaves, submodules, walk
from ..ir.types import TensorType, Type
from ..shapes import at_hints

MAKES = ("apply", "function", "method", "operator", "set_index", "autograd")
"""Operations that give tensors of their own; the others name what is there."""


def memory(net: Net, at: dict[str, int]) -> dict[str, int]:
    """Bytes of `parameters`, `buffers` and `outputs`: those of every layer, function and operator once, as if all were
    kept, at the sizes `at`. What training keeps for the backward pass is in the plan.
    """
    return {
        "parameters": _own(net.root, "parameters"),
        "buffers": _own(net.root, "buffers"),
        "outputs": _outputs(net.root, at, {}),
    }


def _own(module: Module | Layer, what: str) -> int:
    """The bytes of the parameters or buffers in a module; of a layer's prototype, each tensor once."""
    if isinstance(module, Layer):
        return sum(each.numel() * each.element_size() for each in getattr(module.prototype, what)())
    own = sum(_bytes(each.type, {}) for each in getattr(module, what).values())
    return own + sum(_own(child, what) for child in submodules(module))


def _outputs(module: Module, at: dict[str, int], known: dict[Module, int]) -> int:
    """The bytes that one application gives; equal blocks are one module, and are counted once."""
    if module not in known:
        known[module] = sum(_given(node, module, at, known) for node in walk(module.nodes))
    return known[module]


def _given(node: Node, module: Module, at: dict[str, int], known: dict[Module, int]) -> int:
    child = module.children.get(node.target) if node.op == "apply" else None
    if isinstance(child, Module):
        return _outputs(child, at, known)
    inside = sum(_outputs(each, at, known) for each in inner_modules(child)) if child is not None else 0
    return inside + _all((value.type for value in leaves(node.result)), at) if node.op in MAKES else 0


def _all(types: Iterable[Type], at: dict[str, int]) -> int:
    return sum(_bytes(kind, at) for kind in types)


def _bytes(kind: Type, at: dict[str, int]) -> int:
    import torch

    if not isinstance(kind, TensorType):
        return 0
    return prod(at_hints(dim, at) for dim in kind.dims) * getattr(torch, kind.dtype).itemsize
