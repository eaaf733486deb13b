"""Less to draw: blocks as one box, where they lie deeper than a picture goes, and equal copies as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from .dims import Dims
from .flow import Cluster, Edge, Flow, Vertex
from .labels import cluster_words, counted, shapes, words
from .paths import skips_of

MOST_EDGES, MOST_SKIPS = 800, 150
"""Edges up to which a graph is laid out in seconds and can be read: beyond, blocks are folded. ResNet-152 has 600, of
which 50 skip others; a dense block has one for each pair of its layers.
"""


def folded(graph: Flow, depth: int) -> Flow:
    """The graph with each cluster that lies in `depth` others as one vertex; edges within one are gone, and equal
    ones between two are one.
    """
    place: dict[str, str] = {}
    root = _fold(graph.root, depth, place)
    edges = _moved(graph.edges, place)
    return Flow(root, [edge for edge in edges if edge.source != edge.target])


def _moved(edges: Iterable[Edge], place: dict[str, str]) -> list[Edge]:
    """The edges between the places of what they join, equal ones once."""
    moved = (replace(edge, source=place[edge.source], target=place[edge.target]) for edge in edges)
    return list({(edge.source, edge.target, str(edge.type)): edge for edge in moved}.values())


def once(graph: Flow, names: Dims) -> Flow:
    """The graph with equal blocks that follow one another drawn once, `0 … 5 × 6`; `names` write sizes. What goes from
    one copy to the next is left out.
    """
    place: dict[str, str] = {}
    root = _Copies(shapes(graph.edges, "source", names), names, place).folded(graph.root)
    order = {vertex.id: number for number, vertex in enumerate(root.vertices())}
    edges = _moved(graph.edges, {id: _final(id, place) for id in _ids(graph.root)})
    return Flow(root, [edge for edge in edges if order[edge.source] < order[edge.target]])


def _ids(cluster: Cluster) -> Iterator[str]:
    return (vertex.id for vertex in cluster.vertices())


def _final(id: str, place: dict[str, str]) -> str:
    """Where an operation is drawn: in the first copy of the first copy …"""
    while id in place:
        id = place[id]
    return id


class _Copies:
    def __init__(self, gives: dict[str, list[str]], names: Dims, place: dict[str, str]):
        self.gives = gives
        self.names = names
        self.place = place

    def folded(self, cluster: Cluster) -> Cluster:
        items: list[Vertex | Cluster] = []
        for _, group in groupby(cluster.items, self.key):
            first, *others = group
            if isinstance(first, Vertex):
                items += [first, *others]
                continue
            for other in others:
                self.place.update(zip(_ids(other), _ids(first), strict=True))
            name = f"{first.name} … {counted(others[-1].name)} × {1 + len(others)}" if others else first.name
            items.append(replace(self.folded(first), name=name))
        return replace(cluster, items=items)

    def key(self, item: Vertex | Cluster) -> Any:
        """What is equal in equal blocks; operations are never drawn together."""
        return self.look(item, f"{item.path}.") if isinstance(item, Cluster) else item.id

    def look(self, item: Vertex | Cluster, within: str) -> Any:
        """All that is drawn of an item but for the name of the outermost, whose path is `within`: gradients have it."""
        if isinstance(item, Vertex):
            what, name, detail = words(item, self.names)
            said = what.replace(within, ""), name * (f"{item.path}." != within), detail
            return said, tuple(self.gives.get(item.id, ())), item.again
        what, _, detail = cluster_words(item)
        own = what if item.module.kind == "block" or item.branch else ""
        return own, detail, item.again, tuple(self.look(each, within) for each in item.items)


def readable(graph: Flow) -> tuple[Flow, int | None]:
    """The graph as deep as it can be read, and that depth; None where all of it can."""
    if is_readable(graph):
        return graph, None
    for depth in range(depth_of(graph.root) - 1, 0, -1):
        found = folded(graph, depth)
        if is_readable(found):
            return found, depth
    return folded(graph, 0), 0


def is_readable(graph: Flow) -> bool:
    """Whether a graph has few enough edges."""
    return len(graph.edges) <= MOST_EDGES and len(skips_of(graph)) <= MOST_SKIPS


def depth_of(cluster: Cluster) -> int:
    """The clusters in each other, this one not counted."""
    return max((1 + depth_of(item) for item in cluster.items if isinstance(item, Cluster)), default=0)


def _fold(cluster: Cluster, depth: int, place: dict[str, str]) -> Cluster:
    """The cluster with what is below `depth` folded; `place` gets the vertex that each operation is drawn in."""
    kept = replace(cluster, items=[])
    for item in cluster.items:
        if isinstance(item, Cluster) and depth:
            kept.items.append(_fold(item, depth - 1, place))
        elif isinstance(item, Cluster):
            kept.items.append(Vertex(item.id, "folded", item.name, again=item.again, cluster=item))
            place.update((vertex.id, item.id) for vertex in item.vertices())
        else:
            kept.items.append(item)
            place[item.id] = item.id
    return kept
