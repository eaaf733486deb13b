"""Which reads of a buffer must be copies, because the buffer is changed in place while they are still in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..ir import graph as ir
from .regions import Region, reaches


@dataclass(frozen=True)
class Place:
    """A node, or None for the end of a branch or of the module, with what it reads itself."""

    node: ir.Node | None
    read: tuple[ir.Value, ...]
    region: Region


def copied_reads(nodes: list[ir.Node], result: ir.Structure, module: ir.Module) -> set[ir.Value]:
    """The values of reads that are used after the buffer's next update, or used before it by what may need them again:
    autograd does not take it that a tensor it has kept is changed."""
    if not any(node.op == "update" for node in ir.walk(nodes)):
        return set()
    places = [*_places(nodes, ()), Place(None, tuple(ir.leaves(result)), ())]
    used: dict[ir.Value, list[int]] = {}
    for at, place in enumerate(places):
        for value in place.read:
            used.setdefault(value, []).append(at)
    feeding = _feeding(places, used)
    return {
        place.node.result
        for at, place in enumerate(places)
        if place.node is not None and place.node.op == "read" and _is_in_use(at, places, used, feeding)
    }


def _is_in_use(at: int, places: list[Place], used: dict[ir.Value, list[int]], feeding: set[int]) -> bool:
    read = places[at].node
    updates = [
        other for other, place in enumerate(places)
        if place.node is not None and place.node.op == "update" and place.node.target == read.target
    ]  # fmt: skip

    def follows(first: int, second: int) -> bool:
        return reaches(first, places[first].region, second, places[second].region)

    for use in used.get(read.result, ()):
        stale = any(at < update < use and follows(at, update) and follows(update, use) for update in updates)
        kept = use not in feeding and any(follows(use, update) for update in updates)
        given = use == len(places) - 1 and bool(updates)  # the next pass changes it
        if stale or kept or given:
            return True
    return False


def _feeding(places: list[Place], used: dict[ir.Value, list[int]]) -> set[int]:
    """The places whose results only make up what updates write."""
    found: set[int] = set()
    for at in range(len(places) - 1, -1, -1):
        node = places[at].node
        if node is None or node.bodies:
            continue
        users = [use for value in ir.leaves(node.result) for use in used.get(value, ())]
        if node.op == "update" or users and found.issuperset(users):
            found.add(at)
    return found


def _places(nodes: list[ir.Node], region: Region) -> Iterator[Place]:
    for node in nodes:
        yield Place(node, tuple(ir.leaves((node.args, node.kwargs))), region)
        for number, body in enumerate(node.bodies):
            inner = (*region, (id(node), number, node.op == "loop"))
            yield from _places(body.nodes, inner)
            yield Place(None, body.result, inner)
