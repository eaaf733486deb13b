"""Two nets in one graph: what both have once, what only one has marked as removed or added.

Items are aligned in order, in each cluster by itself: first those of the same class and label, then, between these,
those of the same label or kind, which are changed (the longest matching blocks of `difflib.SequenceMatcher`, after
Ratcliff and Obershelp, 1988). Labels that are numbers only count things, and say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

from .dims import Dims
from .flow import Cluster, Edge, Flow, Vertex
from .labels import cluster_words, shapes, words
from .summary_facts import parameter_counts

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
Item = Vertex | Cluster


@dataclass(frozen=True)
class Change:
    """An item that is only in the net before or after (the other is None), or in both and not the same."""

    mark: str
    before: Item | None
    after: Item | None


@dataclass
class Merged:
    """The common graph, with marks, and each change: of what is added or removed as a whole, the outermost."""

    flow: Flow
    changes: list[Change] = field(default_factory=list)


def merge(before: Flow, after: Flow, names: tuple[Dims, Dims]) -> Merged:
    """The graph of both; `names` write the sizes of each."""
    gives = [shapes(graph.edges, "source", each) for graph, each in zip((before, after), names, strict=True)]
    merger = _Merger(names, gives)
    root = replace(after.root, items=list(merger.items(before.root.items, after.root.items)))
    return Merged(Flow(root, list(_edges(before, after, merger.place))), merger.changes)


class _Merger:
    def __init__(self, names: tuple[Dims, Dims], gives: Sequence[dict[str, list[str]]]):
        self.names = names
        self.gives = gives
        self.place: dict[str, str] = {}  # the ids of the net before in the common graph
        self.changes: list[Change] = []

    def items(self, before: Sequence[Item], after: Sequence[Item]) -> Iterator[Item]:
        """The items of a cluster of both, in an order that keeps both."""
        for old, new in self.aligned(before, after):
            if old is None or new is None:
                mark = ADDED if old is None else REMOVED
                self.changes.append(Change(mark, old, new))
                yield self.marked(old or new, mark)
            elif isinstance(new, Cluster):
                if self.said(old, 0) != self.said(new, 1):
                    self.changes.append(Change(CHANGED, old, new))
                    new = replace(new, mark=CHANGED)
                yield replace(new, items=list(self.items(old.items, new.items)))
            else:
                yield self.vertex(old, new)

    def vertex(self, old: Vertex, new: Vertex) -> Vertex:
        self.place[old.id] = new.id
        was, now = self.said(old, 0), self.said(new, 1)
        if was == now:
            return new
        self.changes.append(Change(CHANGED, old, new))
        differing = [(one or "none", other or "none") for one, other in zip(was, now, strict=True) if one != other]
        return replace(new, mark=CHANGED, note=", ".join(f"{one} → {other}" for one, other in differing))

    def said(self, item: Item, side: int) -> tuple[str, ...]:
        """The class, the arguments, the shape that it gives and a layer's parameters; the label may be a number."""
        if isinstance(item, Cluster):
            what, _, detail = cluster_words(item)
            return what, detail
        what, _, detail = words(item, self.names[side])
        count = parameter_counts(item.layer)[0] if item.layer else 0
        return what, detail, ", ".join(self.gives[side].get(item.id, [])), f"{count:,} parameters" if count else ""

    def marked(self, item: Item, mark: str) -> Item:
        """An item that is in one of the nets alone, with all in it."""
        id = f"{mark} {item.id}" if mark == REMOVED else item.id
        if isinstance(item, Vertex):
            if mark == REMOVED:
                self.place[item.id] = id
            return replace(item, id=id, mark=mark)
        return replace(item, id=id, mark=mark, items=[self.marked(each, mark) for each in item.items])

    def aligned(self, before: Sequence[Item], after: Sequence[Item]) -> Iterator[tuple[Item | None, Item | None]]:
        """Pairs in order; None beside what the other has not."""
        for old, new, same in _blocks(before, after, self.exact):
            if same:
                yield from zip(old, new, strict=True)
                continue
            for some, others, alike in _blocks(old, new, _label):
                if alike:
                    yield from zip(some, others, strict=True)
                else:
                    yield from ((each, None) for each in some)
                    yield from ((None, each) for each in others)

    def exact(self, item: Item) -> Any:
        what = cluster_words(item)[0] if isinstance(item, Cluster) else words(item, self.names[0])[0]
        return _label(item), what if not isinstance(item, Cluster) or item.module.kind == "block" else ""


def _label(item: Item) -> Any:
    """What an item is called, or else what kind of thing it is."""
    if isinstance(item, Cluster):
        return "cluster", item.name if not item.name.isdecimal() else ""
    return item.kind, item.name if item.layer is None or not item.name.isdecimal() else ""


def _blocks(
    before: Sequence[Item], after: Sequence[Item], key: Callable[[Item], Any]
) -> Iterator[tuple[Sequence[Item], Sequence[Item], bool]]:
    """Runs of items that are equal by `key`, and what stands between them."""
    matcher = SequenceMatcher(None, list(map(key, before)), list(map(key, after)), autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        yield before[start:end], after[first:last], kind == "equal"


def _edges(before: Flow, after: Flow, place: dict[str, str]) -> Iterator[Edge]:
    """The edges of both, those of one alone marked."""
    old = {(place[edge.source], place[edge.target]): edge for edge in before.edges}
    new = {(edge.source, edge.target): edge for edge in after.edges}
    for ends, edge in new.items():
        yield edge if ends in old else replace(edge, mark=ADDED)
    for (source, target), edge in old.items():
        if (source, target) not in new:
            yield replace(edge, source=source, target=target, mark=REMOVED)
