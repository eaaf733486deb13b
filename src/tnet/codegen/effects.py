"""Which nodes of a module matter: those whose results are used, and those that do something else besides."""

from __future__ import annotations

from typing import Any

from ..ir import graph as ir

RANDOM_FUNCTIONS = frozenset(
    "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout rrelu rand randn randint randperm"
    " rand_like randn_like randint_like bernoulli multinomial normal poisson gumbel_softmax stochastic_depth".split()
)
"""Functions that move the random stream on, so that leaving one out would change what is drawn after it."""


def live_nodes(module: ir.Module) -> list[ir.Node]:
    """The nodes that are emitted, in order."""
    needed = set(ir.leaves(module.result))
    live = []
    for node in reversed(module.nodes):
        if needed.isdisjoint(ir.leaves(node.result)) and not has_effect(node, module):
            continue
        live.append(node)
        needed.update(ir.uses(node))
    return live[::-1]


def has_effect(node: ir.Node, module: ir.Module) -> bool:
    """Whether a node does more than give its result."""
    if node.op == "apply":
        return _module_has_effect(module.children[node.target])
    name = node.target.rsplit(".", 1)[-1]
    return node.op in ("function", "method") and (name in RANDOM_FUNCTIONS or node.kwargs.get("inplace") is True)


def _module_has_effect(child: ir.Layer | ir.Module) -> bool:
    """Whether applying a child moves a buffer or the random stream, or writes into its input."""
    if isinstance(child, ir.Layer):
        return any(map(_layer_has_effect, child.prototype.modules()))
    return any(has_effect(node, child) for node in child.nodes)


def _layer_has_effect(layer: Any) -> bool:
    return reads_mode(type(layer)) or getattr(layer, "inplace", False) is True


def reads_mode(cls: type) -> bool:
    """Whether a layer's forward asks for the mode: then it draws, or it updates a buffer."""
    code = getattr(cls.forward, "__code__", None)
    return code is not None and "training" in code.co_names
