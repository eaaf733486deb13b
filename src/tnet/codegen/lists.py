"""Lists of values that are only ever passed on whole, and so need no name for each item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ..ir import graph as ir
from ..ir.types import OpaqueType

CALLS = frozenset({"apply", "function", "method"})


def whole_lists(nodes: list[ir.Node], result: ir.Structure) -> tuple[list[ir.Node], ir.Structure]:
    """The nodes and the result with one value in place of each list whose items are used once, together, in order."""
    uses = Counter(value for node in nodes for value in ir.uses(node)) + Counter(ir.leaves(result))
    taken = {items for node in nodes for argument in _arguments(node) for items in _lists(argument)} | {*_lists(result)}
    wholes = {
        items: ir.Value("outputs", OpaqueType("list"))
        for node in nodes
        if not node.bodies
        for items in _lists(node.result)
        if items in taken and all(uses[item] == 1 and item.name == "x" for item in items)
    }
    if not wholes:
        return nodes, result

    def whole(part: Any) -> Any:
        if isinstance(part, (tuple, list)):
            return wholes[tuple(part)] if _is_list(part) and tuple(part) in wholes else type(part)(map(whole, part))
        return {key: whole(item) for key, item in part.items()} if isinstance(part, dict) else part

    return [_with(node, whole) for node in nodes], whole(result)


def _with(node: ir.Node, whole: Callable[[Any], Any]) -> ir.Node:
    if node.bodies:
        return node
    args, kwargs = node.args, node.kwargs
    if node.op in CALLS:
        args, kwargs = tuple(map(whole, args)), whole(kwargs)
    return replace(node, args=args, kwargs=kwargs, result=whole(node.result))


def _arguments(node: ir.Node) -> tuple[Any, ...]:
    return (*node.args, *node.kwargs.values()) if node.op in CALLS else ()


def _is_list(part: Any) -> bool:
    """Whether this is a list that has no name for its items."""
    return isinstance(part, (tuple, list)) and len(part) > 1 and all(isinstance(item, ir.Value) for item in part)


def _lists(part: Any) -> Iterator[tuple[ir.Value, ...]]:
    if _is_list(part):
        yield tuple(part)
    elif isinstance(part, (tuple, list)):
        for item in part:
            yield from _lists(item)
    elif isinstance(part, dict):
        for item in part.values():
            yield from _lists(item)
