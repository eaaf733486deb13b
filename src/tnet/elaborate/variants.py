"""A submodule applied again at other shapes: its parameters must come out the same, its code may be other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..diagnostics import SpecError, error
from ..ir.autograd import Autograd
from ..ir.graph import Branch, Layer, Module, Node, Value
from ..ir.sites import parameters
from ..shapes import freeze
from ..source import Span
from .frames import Frame
from .inference import types_of
from .modules import inner_value


def elaborated_again(
    name: str, child: Module, structures: list[Any], span: Span, frame: Frame
) -> tuple[Any, Module | None]:
    """The types that a block or group gives for these inputs, and its code where it is other than at first.

    Raises SpecError for one that would need other parameters or layers.
    """
    again = frame.builders[name].build([inner_value(value) for value in structures])
    sizes = {site.name: site.shape for site in parameters(child)}
    for site in parameters(again):
        if sizes.get(site.name) != site.shape:
            here = f"{sizes[site.name]} before and {site.shape} here" if site.name in sizes else "new here"
            raise error("TN0401", f"`{name}` applied again would need other parameters: `{site.name}` is {here}", span)
    types = types_of(again.result)
    if code(again) == code(child):
        return types, None
    key = (id(child), freeze([each.type for each in again.inputs]))
    if key not in frame.net.variants:
        frame.net.variants[key] = child, variant_of(name, child, again, span)
    return types, frame.net.variants[key][1]


def variant_of(name: str, child: Module, again: Module, span: Span) -> Module:
    """The code of `again` as a module whose children are those of `child`."""
    read, read_again = ([each.name for each in it.inputs[it.own_inputs :]] for it in (child, again))
    if read != read_again:
        raise _unlike(name, "reads other values of the enclosing body", span)
    nodes = [_with_variants(node, name, child, again, span) for node in again.nodes]
    doc = f"`{again.name}` as it is applied again: its code at other sizes, run with the same weights."
    return replace(
        again, kind="variant", name=f"{again.name}Again", nodes=nodes, children=child.children, parameters={},
        buffers={}, doc=doc,
    )  # fmt: skip


def _with_variants(node: Node, name: str, child: Module, again: Module, span: Span) -> Node:
    """A node of the code at other sizes; where it applies a submodule whose code is other too, that variant of it."""
    bodies = tuple(
        Branch([_with_variants(each, name, child, again, span) for each in body.nodes], *_rest(body))
        for body in node.bodies
    )
    if node.op != "apply":
        return replace(node, bodies=bodies)
    first, other = child.children.get(node.target), node.variant or again.children[node.target]
    path = f"{name}.{node.target}"
    if type(first) is not type(other):
        raise _unlike(name, f"would need a submodule `{node.target}` that it does not have", span)
    if isinstance(first, Layer):
        if layer_code(first) != layer_code(other):
            raise _unlike(path, f"would need other arguments of its `{first.class_name}`", span)
        return node
    return node if code(first) == code(other) else replace(node, variant=variant_of(path, first, other, span))


def _rest(body: Branch) -> tuple:
    return body.result, body.inputs, body.variable


def _unlike(name: str, why: str, span: Span) -> SpecError:
    return error("TN0401", f"`{name}` applied again {why}", span, help="build it anew here, under another label")


def layer_code(layer: Layer) -> Any:
    """What a layer is built with."""
    return layer.path, tuple((each.name, freeze_arguments(each.value)) for each in layer.arguments)


def code(module: Module) -> Any:
    """A module's nodes without their values, to tell whether two print the same."""
    children = tuple(
        (name, code(child) if isinstance(child, Module) else layer_code(child))
        for name, child in module.children.items()
    )
    return (_code_of_nodes(module.nodes), children)


def _code_of_nodes(nodes: list[Node]) -> tuple:
    return tuple(
        (
            *(node.op, node.target, freeze_arguments(node.args), freeze_arguments(node.kwargs)),
            *(_code_of_nodes(body.nodes) for body in node.bodies),
            node.variant and code(node.variant),
        )
        for node in nodes
    )


def freeze_arguments(value: Any) -> Any:
    """Arguments in a form that can be compared; tensors are all alike."""
    if isinstance(value, Value):
        return "value"
    if isinstance(value, Autograd):
        return (value.name, code(value.forward), code(value.backward))
    if isinstance(value, Layer):
        return layer_code(value)
    if isinstance(value, (tuple, list)):
        return tuple(map(freeze_arguments, value))
    if isinstance(value, dict):
        return tuple((key, freeze_arguments(item)) for key, item in value.items())
    return repr(value)
