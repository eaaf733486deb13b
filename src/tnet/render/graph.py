"""The picture of a net: nested boxes for blocks, the trunk straight, skips dashed, shapes on the edges.

Method: Graphviz's `dot` layout of a DOT text written with `graphviz.Digraph`. The trunk is the longest path to the
output, kept straight by one `group` and a high `weight`; a skip is an edge beside which there is another way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import pairwise
from textwrap import wrap

import graphviz

from ..ir import text
from ..ir.graph import Module, Net, Value
from .dims import Dims
from .flow import Cluster, Flow, Vertex, edges, flow
from .fold import folded, readable
from .layout import PURE, layout
from .paths import skips_of, trunk_of
from .style import CLUSTERS, FILLS, LINE, PAPER, QUIET, SKIP, TEXT, category, text_on

__all__ = ["Graph", "dot", "edges", "skips_of", "trunk_of"]

TRUNK = "12"
WIDTH = 34  # characters of a box's line of arguments


@dataclass(frozen=True)
class Graph:
    """The graph of a net; `.dot` is its text, `.svg()` and `.png()` are pictures.

    Blocks that lie in `depth` others are drawn as one box. Without, `.dot` has everything, and a picture what of it
    can be read: `.shown` is the depth of that, None for all.
    """

    net: Net
    engine: str = PURE
    depth: int | None = None

    @property
    def dot(self) -> str:
        return dot(self.net, self._flow)

    @property
    def shown(self) -> int | None:
        return readable(self._flow)[1] if self.depth is None else self.depth

    def svg(self) -> str:
        return self._picture("svg").decode()

    def png(self) -> bytes:
        return self._picture("png")

    def pdf(self) -> bytes:
        """Needs `engine="dot"`, the system's Graphviz."""
        return self._picture("pdf")

    @cached_property
    def _flow(self) -> Flow:
        return flow(self.net) if self.depth is None else folded(flow(self.net), self.depth)

    def _picture(self, format: str) -> bytes:
        drawn = readable(self._flow)[0] if self.depth is None else self._flow
        return layout(dot(self.net, drawn), format, self.engine)


def dot(net: Net, graph: Flow | None = None) -> str:
    """The DOT text of a net, or of what of its graph is to be drawn."""
    graph = graph or flow(net)
    picture = graphviz.Digraph(
        graph_attr={"bgcolor": PAPER, "fontname": "Helvetica", "nodesep": "0.35", "ranksep": "0.3", "rankdir": "TB"},
        node_attr={
            "fontname": "Helvetica", "fontsize": "11", "shape": "box", "style": "rounded,filled", "color": LINE,
            "penwidth": "0.8", "margin": "0.12,0.06", "height": "0.3",
        },
        edge_attr={
            "fontname": "Helvetica", "fontsize": "8", "fontcolor": QUIET, "color": LINE, "arrowsize": "0.6",
        },
    )  # fmt: skip
    trunk = trunk_of(graph)
    names = Dims(net)
    fill(picture, graph.root, 0, set(trunk), names)
    draw_edges(picture, graph, set(pairwise(trunk)), names)
    return picture.source


def fill(picture: graphviz.Digraph, cluster: Cluster, depth: int, trunk: set[str], names: Dims) -> None:
    """Add the operations and the inner clusters of a cluster."""
    for item in cluster.items:
        if isinstance(item, Vertex):
            straight = {"group": "trunk"} if item.id in trunk else {}
            picture.node(item.id, label(item, names), **look(item), **straight)
            continue
        with picture.subgraph(name=f"cluster {item.id}") as inner:
            inner.attr(
                label=title(item), style="rounded,filled", fillcolor=CLUSTERS[depth % 2], color="#afb8c1",
                fontcolor=TEXT, fontsize="11", labeljust="l", margin="10",
            )  # fmt: skip
            fill(inner, item, depth + 1, trunk, names)


def draw_edges(picture: graphviz.Digraph, graph: Flow, trunk: set[tuple[str, str]], names: Dims) -> None:
    skips = skips_of(graph)
    for edge in graph.edges:
        attributes = {"label": f" {names.shape(edge.type)} "}
        if edge in skips:
            attributes |= {"style": "dashed", "color": SKIP, "fontcolor": SKIP}
        if (edge.source, edge.target) in trunk:
            attributes["weight"] = TRUNK
        picture.edge(edge.source, edge.target, **attributes)


def look(vertex: Vertex) -> dict[str, str]:
    """The attributes of an operation's box."""
    fill = FILLS[category(vertex)]
    attributes = {"fillcolor": fill, "fontcolor": text_on(fill)}
    if vertex.kind == "operator":
        attributes |= {"shape": "circle", "margin": "0.02", "width": "0.3", "fixedsize": "false"}
    elif vertex.kind in ("input", "output"):
        attributes |= {"shape": "box", "style": "filled", "color": fill}
    elif vertex.kind == "read":
        attributes |= {"shape": "box", "style": "rounded,filled,dashed"}
    if vertex.again:
        attributes |= {"peripheries": "2"}
    return attributes


def label(vertex: Vertex, names: Dims) -> str:
    """The HTML-like label: what it is in bold, the submodule's name, and the arguments below."""
    what, name, detail = words(vertex, names)
    head = f"<b>{escape(what)}</b>"
    if name:
        head += f'  <font point-size="9">{escape(name)}</font>'
    lines = [escape(line) for line in wrap(detail, WIDTH, break_on_hyphens=False)]
    small = "".join(f'<br/><font point-size="9">{line}</font>' for line in lines)
    return f"<{head}{small}>"


def words(vertex: Vertex, names: Dims) -> tuple[str, str, str]:
    """What an operation is, the submodule's name if it has one, and the arguments that the spec gives it."""
    node = vertex.node
    if vertex.cluster is not None:
        block = vertex.cluster.module.kind == "block"
        operations = sum(1 for _ in vertex.cluster.vertices())
        return (vertex.cluster.module.name if block else vertex.name), vertex.name * block, f"{operations} operations"
    if vertex.layer is not None:
        written = [argument for argument in vertex.layer.arguments if not argument.inferred]
        given = text.arguments(
            tuple(argument.value for argument in written if argument.positional),
            {argument.name: argument.value for argument in written if not argument.positional},
            str,
        )
        name = vertex.name + (" (again)" if vertex.again else "")
        return vertex.layer.class_name, name, given
    if node is None:
        return vertex.name, "", names.shape(vertex.type)
    if node.op == "operator":
        return {"neg": "-", "invert": "~"}.get(node.target, node.target), "", literals(node.args, {})
    if node.op in ("index", "set_index"):
        return subscripts(node.args[1]), "", "" if node.op == "index" else "write"
    if node.op == "update":
        return f"{node.target} {node.args[0]}", "", ""
    if node.op == "attribute":
        return f".{node.target}", "", ""
    return vertex.name, "", literals(node.args, node.kwargs)


def subscripts(items: tuple | object) -> str:
    return f"[{', '.join(text.argument(item) for item in (items if isinstance(items, tuple) else (items,)))}]"


def literals(args: tuple, kwargs: dict) -> str:
    """The arguments that are no tensors; tensors come by edges."""
    kept = {name: each for name, each in kwargs.items() if not _tensors(each)}
    return text.arguments(tuple(each for each in args if not _tensors(each)), kept, lambda value: value.name)


def _tensors(argument: object) -> bool:
    if isinstance(argument, tuple | list):
        return bool(argument) and all(map(_tensors, argument))
    return isinstance(argument, Value)


def title(cluster: Cluster) -> str:
    """The HTML-like label of a cluster: block and configuration, or the group's name."""
    module: Module = cluster.module
    if cluster.branch is not None:
        return f'<<i>{escape(cluster.name)}</i><br align="left"/>>'
    given = wrap(text.arguments((), _rounded(module.config), str), WIDTH, break_on_hyphens=False)
    if module.kind == "block":
        head = f'<b>{escape(module.name)}</b>  <font point-size="9">{escape(cluster.name)}</font>'
    else:
        times = f" × {len(module.nodes)}" if module.kind == "repeat" else ""
        head = f"<b>{escape(cluster.name)}</b>{times}"
    small = "".join(f'<br align="left"/><font point-size="9">{escape(line)}</font>' for line in given)
    return f'<{head}{" (again)" if cluster.again else ""}{small}<br align="left"/>>'


def _rounded(config: dict) -> dict:
    """Numbers as short as they are worth reading."""
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in config.items()}
