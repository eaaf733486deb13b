"""Ways through a graph: the trunk, and the edges that skip a part of it."""

from __future__ import annotations

from .flow import Edge, Flow


def trunk_of(graph: Flow) -> list[str]:
    """The operations on the longest path that ends in an output, in order."""
    order = {vertex.id: number for number, vertex in enumerate(graph.root.vertices())}
    length, before = dict.fromkeys(order, 0), {}
    for edge in sorted(graph.edges, key=lambda edge: order[edge.target]):
        if edge.target not in before or length[edge.source] + 1 > length[edge.target]:
            length[edge.target], before[edge.target] = length[edge.source] + 1, edge.source
    outputs = [vertex.id for vertex in graph.root.vertices() if vertex.kind == "output"]
    path = [max(outputs, key=length.__getitem__)] if outputs else []
    while path and path[-1] in before:
        path.append(before[path[-1]])
    return path[::-1]


def skips_of(graph: Flow) -> set[Edge]:
    """The edges from `a` to `b` where another way leads from `a` to `b` as well."""
    order = {vertex.id: number for number, vertex in enumerate(graph.root.vertices())}
    into: dict[str, list[Edge]] = {id: [] for id in order}
    for edge in graph.edges:
        into[edge.target].append(edge)
    above: dict[str, int] = {}  # the operations above each one, as a set of bits
    skips = set()
    for id in order:
        above[id] = 0
        for edge in into[id]:
            above[id] |= above[edge.source] | 1 << order[edge.source]
        skips |= {edge for edge in into[id] if _other_way(edge, into[id], above, order)}
    return skips


def _other_way(edge: Edge, siblings: list[Edge], above: dict[str, int], order: dict[str, int]) -> bool:
    bit = 1 << order[edge.source]
    return any(above[other.source] & bit for other in siblings)
