"""Repeats that are more than a chain, as a loop over an `nn.ModuleList`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..ir import graph as ir
from .printing import INDENT, with_comment
from .words import clean, unused


@dataclass(frozen=True)
class Loop:
    """`for layer in self: x, a = layer(x, …)`, where the copies also take the module's other inputs.

    `order` has for each argument of a copy the number of the input that it is, 0 for the flow. `gathered` are what the
    copies return beside the flow: for each the name that the spec gives it.
    """

    order: tuple[int, ...]
    gathered: tuple[str, ...]
    single: bool  # a copy returns the flow alone
    last: ir.Value = field(compare=False)


def loop_of(module: ir.Module) -> Loop | None:
    """The loop that applies all copies of a repeat in turn, or None where that is not what its nodes do."""
    if module.kind != "repeat" or module.parameters or module.buffers or not module.inputs:
        return None
    if any(node.variant for node in module.nodes):
        return None
    if [(node.op, node.target) for node in module.nodes] != [("apply", name) for name in module.children]:
        return None
    flow, outer = module.inputs[0], module.inputs[1:]
    orders, extras = set(), []
    for node in module.nodes:
        here = [flow, *outer]
        if node.kwargs or not all(argument in here for argument in node.args) or flow not in node.args:
            return None
        orders.add(tuple(map(here.index, node.args)))
        flow, *rest = node.result if isinstance(node.result, tuple) else (node.result,)
        extras.append(rest)
    lists = [list(column) for column in zip(*extras, strict=True)] if _even(extras) else None
    if lists is None or len(orders) != 1 or module.result != ((flow, *lists) if lists else flow):
        return None
    first = module.nodes[0]
    return Loop(orders.pop(), _names(module.children[first.target], lists), not isinstance(first.result, tuple), flow)


def _even(rows: list[list[Any]]) -> bool:
    return len({len(row) for row in rows}) == 1 and all(isinstance(each, ir.Value) for row in rows for each in row)


def _names(copy: ir.Layer | ir.Module, lists: list[list[ir.Value]]) -> tuple[str, ...]:
    inner = copy.result[1:] if isinstance(copy, ir.Module) and isinstance(copy.result, tuple) else ()
    names = [value.name if isinstance(value, ir.Value) else "x" for value in inner]
    return tuple(names) if len(names) == len(lists) else ("x",) * len(lists)


def loop_lines(loop: Loop, inputs: list[str], shape: str) -> list[str]:
    """The statements of the forward; `inputs` are its arguments, `shape` is that of the flow in the end."""
    flow, names = inputs[0], list(inputs)

    def new(name: str) -> str:
        names.append(unused(name, names))
        return names[-1]

    copy = new("layer")
    lists = [new(clean(name) if name != "x" else "outputs") for name in loop.gathered]
    items = [new("y") for _ in lists]
    targets = flow if loop.single else ", ".join([flow, *items]) + ("" if items else ",")
    call = f"{targets} = {copy}({', '.join(inputs[each] for each in loop.order)})"
    return [
        *(f"{INDENT * 2}{name} = []" for name in lists),
        f"{INDENT * 2}for {copy} in self:",
        with_comment(f"{INDENT * 3}{call}", shape),
        *(f"{INDENT * 3}{name}.append({item})" for name, item in zip(lists, items, strict=True)),
        f"{INDENT * 2}return {', '.join([flow, *lists])}",
    ]
