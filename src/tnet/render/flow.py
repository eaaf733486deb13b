"""A net as a graph of leaves: layers, functions and operators with the edges between them, in nested clusters.

The IR has values that cross the borders of blocks and groups; here each edge joins the two operations that a value
really connects. What is drawn, and the tests of what is drawn, start from this graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..ir.graph import Branch, Layer, Module, Net, Node, Value, leaves, uses
from ..ir.graph import applied as applied_by
from ..ir.sites import join
from ..ir.types import Type
from ..source import Span


@dataclass(frozen=True, eq=False)
class Vertex:
    """One operation. `kind` is an IR op, "layer", "input" or "output"; `node` is None for inputs and outputs. Or, of
    the kind "folded", a whole `cluster`.
    """

    id: str
    kind: str
    name: str
    node: Node | None = None
    layer: Layer | None = None
    type: Type | None = None
    span: Span | None = None
    again: bool = False  # a submodule applied before, with its weights
    cluster: Cluster | None = None
    path: str = ""  # of the layer, as in `state_dict`
    mark: str = ""  # "added", "removed" or "changed" between two nets
    note: str = ""  # in place of its arguments


@dataclass(frozen=True)
class Edge:
    """`type` is that of the value that goes from the `source` vertex to the `target` vertex, both given by id; `mark`
    as in a vertex."""

    source: str
    target: str
    type: Type
    mark: str = ""


@dataclass(eq=False)
class Cluster:
    """A net, block, group or repeat with what is in it, in order; or, with `branch`, what of it runs on some passes or
    several times. `span` is the step that applies it, `path` its name as in `state_dict`."""

    id: str
    name: str
    module: Module
    items: list[Vertex | Cluster] = field(default_factory=list)
    again: bool = False
    branch: Branch | None = None
    span: Span | None = None
    path: str = ""
    mark: str = ""

    def vertices(self) -> Iterator[Vertex]:
        for item in self.items:
            yield from item.vertices() if isinstance(item, Cluster) else [item]


@dataclass(eq=False)
class Flow:
    root: Cluster
    edges: list[Edge] = field(default_factory=list)


def flow(net: Net) -> Flow:
    """The graph of a net's leaves."""
    builder = _Builder(Flow(Cluster("net", net.name, net.root, span=net.span)))
    root, scope = builder.flow.root, {}
    for value in leaves(net.root.inputs):
        vertex = Vertex(builder.unique(f"input {value.name}"), "input", value.name, type=value.type, span=value.span)
        root.items.append(vertex)
        scope[value] = (vertex.id,)
    builder.body(root, root.module.nodes, scope, "", set())
    results = list(leaves(net.root.result))
    names = [name for name, _ in net.outputs] if len(net.outputs) == len(results) else []
    for number, value in enumerate(results):
        name = (names[number] if names else None) or ("output" if len(results) == 1 else f"output {number + 1}")
        vertex = Vertex(builder.unique(f"output {name}"), "output", name, type=value.type, span=net.span)
        root.items.append(vertex)
        builder.draw([value], vertex, scope)
    return builder.flow


def edges(net: Net) -> list[tuple[str, str]]:
    """The edges of a net as pairs of the ids of vertices, one for each use of a value."""
    return [(edge.source, edge.target) for edge in flow(net).edges]


Scope = dict[Value, tuple[str, ...]]
"""The operations that each value may come from: more than one after code kept for run time."""


class _Builder:
    """Walks the applications of a net. Each has its own scope: a shared module's values stand for others in each."""

    def __init__(self, empty: Flow):
        self.flow = empty
        self.ids: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """`name`, with a number from its second use on."""
        self.ids[name] = self.ids.get(name, 0) + 1
        return name if self.ids[name] == 1 else f"{name} ({self.ids[name]})"

    def body(self, cluster: Cluster, nodes: list[Node], scope: Scope, path: str, applied: set[str]) -> None:
        """Add the operations of the cluster, whose inputs are in `scope`, which gets all its values."""
        for node in nodes:
            if node.bodies:
                self.branches(cluster, node, scope, path, applied)
                continue
            child = applied_by(cluster.module, node) if node.op == "apply" else None
            again = cluster.again or (child is not None and node.target in applied)
            applied.add(node.target if child is not None else "")
            if isinstance(child, Module):
                self.apply(cluster, scope, path, node, child, again)
            else:
                self.leaf(cluster, scope, path, node, child, again)

    def branches(self, cluster: Cluster, node: Node, scope: Scope, path: str, applied: set[str]) -> None:
        """A cluster for each way; a value after them comes from all, or from before where a way leaves it as it was."""
        for body, words in zip(node.bodies, headings(node), strict=True):
            scope.update({value: scope[given] for value, given in zip(body.inputs, node.args[1:], strict=False)})
            id, again = self.unique(f"in {join(path, words)}"), cluster.again
            inner = Cluster(id, words, cluster.module, again=again, branch=body, span=node.span)
            self.body(inner, body.nodes, scope, path, applied)
            cluster.items += [inner] if inner.items else []
        for place, value in enumerate(node.result):
            ways = [scope[body.result[place]] for body in node.bodies]
            if node.op == "loop":
                ways.append(scope[node.args[1 + place]])
            scope[value] = tuple(dict.fromkeys(id for way in ways for id in way))

    def apply(self, cluster: Cluster, scope: Scope, path: str, node: Node, child: Module, again: bool) -> None:
        below = join(path, node.target)
        inner = Cluster(self.unique(f"in {below}"), node.target, child, again=again, span=node.span, path=below)
        cluster.items.append(inner)
        named = {value.name: value for value in leaves(child.inputs)}
        given = [
            *zip(child.inputs, node.args, strict=False),
            *((named[key], each) for key, each in node.kwargs.items()),
        ]
        local: Scope = {
            formal: scope[value]
            for input, actual in given
            for formal, value in zip(leaves(input), leaves(actual), strict=True)
        }
        self.body(inner, child.nodes, local, below, set())
        scope.update(zip(leaves(node.result), (local[value] for value in leaves(child.result)), strict=True))

    def leaf(self, cluster: Cluster, scope: Scope, path: str, node: Node, layer: Layer | None, again: bool) -> None:
        name = node.target.rpartition(".")[2] or node.op
        kind = "layer" if layer else node.op
        id, own = self.unique(join(path, name)), join(path, node.target) if layer else ""
        vertex = Vertex(id, kind, name, node, layer, span=node.span, again=again, path=own)
        cluster.items.append(vertex)
        self.draw(uses(node), vertex, scope)
        scope.update((value, (vertex.id,)) for value in leaves(node.result))

    def draw(self, values: Iterable[Value], target: Vertex, scope: Scope) -> None:
        self.flow.edges += [Edge(source, target.id, value.type) for value in values for source in scope[value]]


def headings(node: Node) -> tuple[str, ...]:
    """What the clusters of code kept for run time are called."""
    if node.op != "loop":
        return "in training", "else"
    if node.target == "random":
        low, high = node.args[0]
        return (f"{low} to {high - 1} times",)
    return (f"for each {node.bodies[0].variable.name}",)
