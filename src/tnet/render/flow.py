"""A net as a graph of leaves: layers, functions and operators with the edges between them, in nested clusters.

The IR has values that cross the borders of blocks and groups; here each edge joins the two operations that a value
really connects. What is drawn, and the tests of what is drawn, start from this graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..ir.graph import Layer, Module, Net, Node, Value, leaves, uses
from ..ir.sites import join
from ..ir.types import Type
from ..source import Span


@dataclass(frozen=True, eq=False)
class Vertex:
    """One operation. `kind` is an IR op, "layer", "input" or "output"; `node` is None for inputs and outputs."""

    id: str
    kind: str
    name: str
    node: Node | None = None
    layer: Layer | None = None
    type: Type | None = None
    span: Span | None = None
    again: bool = False  # a submodule applied before, with its weights


@dataclass(frozen=True)
class Edge:
    """`type` is that of the value that goes from the `source` vertex to the `target` vertex, both given by id."""

    source: str
    target: str
    type: Type


@dataclass(eq=False)
class Cluster:
    """A net, block, group or repeat with what is in it, in order."""

    id: str
    name: str
    module: Module
    items: list[Vertex | Cluster] = field(default_factory=list)
    again: bool = False

    def vertices(self) -> Iterator[Vertex]:
        for item in self.items:
            yield from item.vertices() if isinstance(item, Cluster) else [item]


@dataclass(eq=False)
class Flow:
    root: Cluster
    edges: list[Edge] = field(default_factory=list)


def flow(net: Net) -> Flow:
    """The graph of a net's leaves."""
    builder = _Builder(Flow(Cluster("net", net.name, net.root)))
    root, scope = builder.flow.root, {}
    for value in leaves(net.root.inputs):
        vertex = Vertex(builder.unique(f"input {value.name}"), "input", value.name, type=value.type, span=value.span)
        root.items.append(vertex)
        scope[value] = vertex.id
    builder.body(root, scope, "")
    results = list(leaves(net.root.result))
    names = [name for name, _ in net.outputs] if len(net.outputs) == len(results) else []
    for number, value in enumerate(results):
        name = (names[number] if names else None) or ("output" if len(results) == 1 else f"output {number + 1}")
        vertex = Vertex(builder.unique(f"output {name}"), "output", name, type=value.type, span=net.span)
        root.items.append(vertex)
        builder.flow.edges.append(Edge(scope[value], vertex.id, value.type))
    return builder.flow


def edges(net: Net) -> list[tuple[str, str]]:
    """The edges of a net as pairs of the ids of vertices, one for each use of a value."""
    return [(edge.source, edge.target) for edge in flow(net).edges]


class _Builder:
    """Walks the applications of a net. Each has its own scope: a shared module's values stand for others in each."""

    def __init__(self, empty: Flow):
        self.flow = empty
        self.ids: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """`name`, with a number from its second use on."""
        self.ids[name] = self.ids.get(name, 0) + 1
        return name if self.ids[name] == 1 else f"{name} ({self.ids[name]})"

    def body(self, cluster: Cluster, scope: dict[Value, str], path: str) -> None:
        """Add the operations of the cluster's module, whose inputs are in `scope`, which gets all its values."""
        applied: set[str] = set()
        for node in cluster.module.nodes:
            child = cluster.module.children.get(node.target) if node.op == "apply" else None
            again = cluster.again or (child is not None and node.target in applied)
            applied.add(node.target if child is not None else "")
            if isinstance(child, Module):
                self.apply(cluster, scope, path, node, child, again)
            else:
                self.leaf(cluster, scope, path, node, child, again)

    def apply(self, cluster: Cluster, scope: dict, path: str, node: Node, child: Module, again: bool) -> None:
        below = join(path, node.target)
        inner = Cluster(self.unique(f"in {below}"), node.target, child, again=again)
        cluster.items.append(inner)
        named = {value.name: value for value in leaves(child.inputs)}
        given = [
            *zip(child.inputs, node.args, strict=False),
            *((named[key], each) for key, each in node.kwargs.items()),
        ]
        local = {
            formal: scope[value]
            for input, actual in given
            for formal, value in zip(leaves(input), leaves(actual), strict=True)
        }
        self.body(inner, local, below)
        scope.update(zip(leaves(node.result), (local[value] for value in leaves(child.result)), strict=True))

    def leaf(self, cluster: Cluster, scope: dict, path: str, node: Node, layer: Layer | None, again: bool) -> None:
        name = node.target.rpartition(".")[2] or node.op
        kind = "layer" if layer else node.op
        vertex = Vertex(self.unique(join(path, name)), kind, name, node, layer, span=node.span, again=again)
        cluster.items.append(vertex)
        self.flow.edges += [Edge(scope[value], vertex.id, value.type) for value in uses(node)]
        scope.update((value, vertex.id) for value in leaves(node.result))
