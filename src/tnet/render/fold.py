"""Blocks drawn as one box: what lies deeper than a picture goes."""

from __future__ import annotations

from dataclasses import replace

from .flow import Cluster, Flow, Vertex
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
    edges = [replace(edge, source=place[edge.source], target=place[edge.target]) for edge in graph.edges]
    between = {(edge.source, edge.target, str(edge.type)): edge for edge in edges if edge.source != edge.target}
    return Flow(root, list(between.values()))


def readable(graph: Flow) -> tuple[Flow, int | None]:
    """The graph as deep as it can be read, and that depth; None where all of it can."""
    if _is_readable(graph):
        return graph, None
    for depth in range(depth_of(graph.root) - 1, 0, -1):
        found = folded(graph, depth)
        if _is_readable(found):
            return found, depth
    return folded(graph, 0), 0


def _is_readable(graph: Flow) -> bool:
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
