"""What a page shows of a net: its boxes in each other, the edges, the rules in force, the summary and the sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...ir.graph import Net
from ...source import Source, Span
from ..dims import Dims
from ..flow import Cluster, Flow, Vertex, flow
from ..fold import depth_of, folded
from ..highlight import marks
from ..labels import cluster_words, shapes, words
from ..merge import CHANGED
from ..paths import skips_of
from ..rules_in_force import InForce
from ..style import category
from ..summary_facts import Row, SummaryFacts, heading
from ..summary_text import totals

MOST_BOXES = 2_000
"""Operations up to which a page has all of them: a megabyte. Beyond, blocks are boxes that cannot be unfolded."""


def page_data(summary: SummaryFacts, graph: Flow | None = None, depth: int | None = None) -> dict[str, Any]:
    """The data of a page, as plain as JSON; `graph` stands for the net's own. Blocks that lie in `depth` others are
    folded at first; without, as many are open as can be looked at at once.
    """
    data = _Page(summary, _bounded(graph or flow(summary.net))).data()
    return data if depth is None else data | {"depth": depth}


def _bounded(graph: Flow) -> Flow:
    """The graph as deep as it can be with no more than `MOST_BOXES`."""
    depth = depth_of(graph.root)
    while depth and sum(1 for _ in graph.root.vertices()) > MOST_BOXES:
        depth -= 1
        graph = folded(graph, depth)
    return graph


class _Page:
    def __init__(self, summary: SummaryFacts, graph: Flow):
        self.summary = summary
        self.names = Dims(summary.net)
        self.graph = graph
        self.rows = {row.path: row for row in summary.rows}
        self.sources: list[Source] = [summary.net.span.source]
        self.rules: dict[Any, int] = {}
        self.told_rules: list[dict[str, str]] = []
        self.gives = shapes(graph.edges, "source", self.names)
        self.takes = shapes(graph.edges, "target", self.names)

    def data(self) -> dict[str, Any]:
        skips = skips_of(self.graph)
        pairs: dict[tuple[str, str, str], bool] = {}
        for edge in self.graph.edges:
            ends = edge.source, edge.target, edge.mark
            pairs[ends] = pairs.get(ends, True) and edge in skips
        net: Net = self.summary.net
        return {
            "title": net.name,
            "heading": heading(net),
            "root": self.cluster(self.graph.root),
            "edges": [[*ends[:2], int(skip), *ends[2:]] for ends, skip in pairs.items()],
            "rules": self.told_rules,
            "sources": [
                {"name": Path(each.name).name, "text": each.text, "marks": marks(each.text)} for each in self.sources
            ],
            "summary": [_summary_row(row) for row in self.summary.rows],
            "totals": totals(self.summary),
        }

    def cluster(self, it: Cluster) -> dict[str, Any]:
        what, name, detail = cluster_words(it)
        own = self.facts(it, what, name, detail)
        items = [self.cluster(each) if isinstance(each, Cluster) else self.vertex(each) for each in it.items]
        inside = {vertex.id for vertex in it.vertices()}
        leaving = (edge for edge in self.graph.edges if edge.source in inside and edge.target not in inside)
        gives = list(dict.fromkeys(self.names.shape(edge.type) for edge in leaving))
        mark = it.mark or CHANGED * any(each.get("mark") for each in items)  # so that a folded block shows it too
        return own | {"kind": "block", "items": items} | _filled(gives=gives, mark=mark)

    def vertex(self, it: Vertex) -> dict[str, Any]:
        own = self.facts(it, *words(it, self.names))
        takes, gives = self.takes.get(it.id, []), self.gives.get(it.id, [])
        return own | {"kind": category(it)} | _filled(takes=takes, gives=[] if it.kind == "input" else gives)

    def facts(self, it: Cluster | Vertex, what: str, name: str, detail: str) -> dict[str, Any]:
        """What the card says of both."""
        row = self.rows.get(it.path) if it.path else None
        span = it.span
        return {"id": it.id, "what": what} | _filled(
            name=name,
            detail=detail,
            again=it.again,
            mark=it.mark,
            path=it.path,
            at=self.place(span),
            where=span and _where(span),
            **(self.of_row(row) if row else {}),
        )

    def of_row(self, row: Row) -> dict[str, Any]:
        rules = [[each.parameter, self.rule(each)] for each in row.rules]
        return {"parameters": row.parameters, "trainable": row.trainable, "gradient": row.gradient,
                "macs": row.multiply_adds, "rules": rules}  # fmt: skip

    def place(self, span: Span | None) -> list[int]:
        """The number of the source, the first character and the one after the last."""
        if span is None:
            return []
        if span.source.name not in (names := [each.name for each in self.sources]):
            self.sources.append(span.source)
            names.append(span.source.name)
        return [names.index(span.source.name), span.start, span.end]

    def rule(self, it: InForce) -> int:
        key = (it.property, it.value, it.rule, it.span)
        if key not in self.rules:
            self.rules[key] = len(self.told_rules)
            said = {"property": it.property, "value": it.value, "rule": it.rule}
            self.told_rules.append(said | {"where": _where(it.span)})
        return self.rules[key]


def _where(span: Span) -> str:
    """File and line, without the folders, which are those of whoever made the page."""
    return f"{Path(span.source.name).name}:{span.line}"


def _summary_row(row: Row) -> list[Any]:
    return [row.path, row.depth, row.kind, row.output, row.parameters, row.multiply_adds, row.line]


def _filled(**entries: Any) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value not in (None, "", [], False, 0)}
