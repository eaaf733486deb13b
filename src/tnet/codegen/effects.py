"""Which nodes of a module matter: those whose results are used, and those that do something else besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..ir import graph as ir
from .sizes import data_sizes

RANDOM_FUNCTIONS = frozenset(
    "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout rrelu rand randn randint randperm"
    " rand_like randn_like randint_like bernoulli multinomial normal poisson gumbel_softmax stochastic_depth".split()
)
"""Functions that move the random stream on, so that leaving one out would change what is drawn after it."""


def live_nodes(module: ir.Module) -> list[ir.Node]:
    """The nodes that are emitted, in order."""
    return _live(module.nodes, set(ir.leaves(module.result)), module)


def _live(nodes: list[ir.Node], needed: set[ir.Value], module: ir.Module) -> list[ir.Node]:
    live = []
    for node in reversed(nodes):
        if needed.isdisjoint(_given(node)) and not has_effect(node, module):
            continue
        if node.bodies:
            node = _live_loop(node, needed, module) if node.op == "loop" else _live_choice(node, needed, module)
        live.append(node)
        needed.update(ir.uses(node), data_sizes((node.args, node.kwargs)))
    return live[::-1]


def _given(node: ir.Node) -> Iterator[Any]:
    """What later nodes may need of a node: its values, and the sizes that depend on data and are read off them."""
    for value in ir.leaves(node.result):
        yield value
        yield from data_sizes(getattr(value.type, "dims", ()))


def _live_choice(node: ir.Node, needed: set[ir.Value], module: ir.Module) -> ir.Node:
    """An "if" with the results that are used."""
    kept = [place for place, value in enumerate(node.result) if value in needed]
    return _with_results(node, kept, [_live_body(body, kept, module) for body in node.bodies])


def _live_loop(node: ir.Node, needed: set[ir.Value], module: ir.Module) -> ir.Node:
    """A "loop" that carries what is used after it or in a later round."""
    (body,) = node.bodies
    kept = [place for place, value in enumerate(node.result) if value in needed]
    while True:
        nodes = _live_body(body, kept, module)
        read = {value for each in nodes for value in ir.uses(each)} | {body.result[place] for place in kept}
        wanted = [place for place, value in enumerate(body.inputs) if place in kept or value in read]
        if wanted == kept:
            return _with_results(node, kept, [nodes])
        kept = wanted


def _live_body(body: ir.Branch, kept: list[int], module: ir.Module) -> list[ir.Node]:
    return _live(body.nodes, {body.result[place] for place in kept}, module)


def _with_results(node: ir.Node, kept: list[int], nodes: list[list[ir.Node]]) -> ir.Node:
    def only(values: tuple) -> tuple:
        return tuple(values[place] for place in kept)

    bodies = tuple(
        ir.Branch(live, only(body.result), body.inputs and only(body.inputs), body.variable)
        for live, body in zip(nodes, node.bodies, strict=True)
    )
    args = (node.args[0], *only(node.args[1:])) if node.op == "loop" else node.args
    return ir.Node(node.op, node.target, args, node.kwargs, only(node.result), node.span, bodies)


def has_effect(node: ir.Node, module: ir.Module) -> bool:
    """Whether a node does more than give its result."""
    if node.bodies:
        return node.target == "random" or any(has_effect(inner, module) for body in node.bodies for inner in body.nodes)
    if node.op == "update":
        return True
    if node.op == "apply":
        return _module_has_effect(module.children[node.target])
    if node.op == "autograd":
        forward = node.args[0].forward
        return any(has_effect(inner, forward) for inner in forward.nodes)
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
