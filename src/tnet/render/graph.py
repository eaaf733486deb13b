"""The picture of a net: nested boxes for blocks, the trunk straight, skips dashed, shapes on the edges.

Method: Graphviz's `dot` layout of a DOT text written with `graphviz.Digraph`. The trunk is the longest path to the
output, kept straight by one `group` and a high `weight`; a skip is an edge beside which there is another way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import graphviz

from ..ir.graph import Net
from ..parameters import RuleTable
from .dims import Dims
from .dot_labels import label, title
from .flow import Cluster, Flow, Vertex, edges, flow
from .fold import folded, is_readable, once, readable
from .graph_png import png
from .layout import PURE, layout
from .page import page
from .page.data import page_data
from .paths import skips_of, trunk_of
from .screen import for_screens
from .style import CLUSTERS, FILLS, LINE, OUTLINE, PAPER, QUIET, ROLES, SKIP, TEXT, category, text_on
from .summary import summary

__all__ = ["Graph", "dot", "edges", "skips_of", "trunk_of"]

TRUNK = "12"
CROWDED = {"splines": "line", "nslimit": "1", "mclimit": "0.1"}
"""How a graph is laid out that cannot be read: in seconds, where the best order and curves take minutes."""


@dataclass(frozen=True)
class Graph:
    """The graph of a net; `.dot` is its text, `.svg()` and `.png()` are pictures, `.html()` is a page to move about in.

    Blocks that lie in `depth` others are drawn as one box. Without, `.dot` has everything, and a picture what of it
    can be read: `.shown` is the depth of that, None for all. The page has everything to unfold. It tells what the
    rules in `table` say; `source` is the generated source of the net, where it is at hand. `given` is another graph
    than the net's own: that of two nets, with marks. With `fold`, equal blocks that follow one another are drawn once.
    """

    net: Net
    engine: str = PURE
    depth: int | None = None
    table: RuleTable | None = None
    source: str | None = None
    given: Flow | None = None
    fold: bool = False

    @property
    def dot(self) -> str:
        return dot(self.net, self._flow)

    @property
    def crowded(self) -> bool:
        """Whether `depth` asks for more than can be read."""
        return self.depth is not None and not is_readable(self._flow)

    @property
    def shown(self) -> int | None:
        return readable(self._flow)[1] if self.depth is None else self.depth

    def svg(self) -> str:
        return for_screens(self._picture("svg").decode())

    def png(self) -> bytes:
        return png(self.svg())

    def pdf(self) -> bytes:
        """Needs `engine="dot"`, the system's Graphviz."""
        return self._picture("pdf")

    def html(self) -> str:
        """One file that loads nothing: the picture with blocks to fold, and the spec beside it."""
        return page(page_data(summary(self.net, self.source, self.table), self._whole, self.depth))

    @cached_property
    def _flow(self) -> Flow:
        return self._whole if self.depth is None else folded(self._whole, self.depth)

    @cached_property
    def _whole(self) -> Flow:
        whole = self.given or flow(self.net)
        return once(whole, Dims(self.net)) if self.fold else whole

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
    picture.graph_attr.update({} if is_readable(graph) else CROWDED)
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
                label=title(item), style="rounded,filled", fillcolor=CLUSTERS[depth % 2], color=OUTLINE,
                fontcolor=TEXT, fontsize="11", labeljust="l", margin="10",
            )  # fmt: skip
            inner.attr(**marked(item.mark))
            fill(inner, item, depth + 1, trunk, names)


def draw_edges(picture: graphviz.Digraph, graph: Flow, trunk: set[tuple[str, str]], names: Dims) -> None:
    skips = skips_of(graph)
    for edge in graph.edges:
        attributes = {"label": f" {names.shape(edge.type)} "}
        if edge in skips:
            attributes |= {"style": "dashed", "color": SKIP, "fontcolor": SKIP}
        if (edge.source, edge.target) in trunk:
            attributes["weight"] = TRUNK
        attributes |= marked(edge.mark)
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
    return attributes | marked(vertex.mark)


def marked(mark: str) -> dict[str, str]:
    """How what is added, removed or changed between two nets is outlined."""
    return {"color": ROLES[mark][0], "penwidth": "2.4"} if mark else {}
