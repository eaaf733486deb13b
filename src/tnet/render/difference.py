"""What changed between two specs: layers, parameters, rules, hyper-parameters, data and training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any

from ..ir import dump
from ..ir.graph import Net
from ..ir.program import DataSection, Program, Rule, TrainSection
from ..parameters import RuleTable
from ..training.changes import rule_changes
from .dims import Dims
from .flops import multiply_adds
from .flow import Cluster, flow
from .labels import cluster_words, shapes, words
from .merge import ADDED, CHANGED, REMOVED, Item, Merged, merge
from .summary_facts import parameter_counts


@dataclass(frozen=True)
class Side:
    """One of the specs: how the user named it, everything that it says, and the net and table that are compared."""

    name: str
    program: Program
    net: Net
    table: RuleTable


@dataclass(frozen=True)
class Line:
    """One difference: of what, how (`added`, `removed`, `changed`), and what was and is there ("" for nothing)."""

    what: str
    mark: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Difference:
    """Lines by what they are about: `layers`, `totals`, `rules`, `effects`, `hyper-parameters`, `data …`, `train …`.

    `effects` are what the rules say of parameters that both nets have. `merged` is the graph of both nets.
    """

    names: tuple[str, str]
    lines: Mapping[str, tuple[Line, ...]]
    merged: Merged

    def __bool__(self) -> bool:
        return any(self.lines.values())

    def data(self) -> dict[str, Any]:
        """For programs."""
        before, after = self.names
        return {"before": before, "after": after} | {
            about: [asdict(line) for line in lines] for about, lines in self.lines.items()
        }


def difference(before: Side, after: Side) -> Difference:
    """All that is different, by what it is about, in the order of a spec."""
    names = Dims(before.net), Dims(after.net)
    graphs = flow(before.net), flow(after.net)
    merged = merge(*graphs, names)
    gives = [shapes(graph.edges, "source", each) for graph, each in zip(graphs, names, strict=True)]
    found: dict[str, Iterator[Line]] = {
        "hyper-parameters": _settings(_hypers(before.program), _hypers(after.program)),
        "layers": _layers(merged, names, gives),
        "totals": _totals(before.net, after.net),
        "rules": _rules(before.table.rules, after.table.rules),
        "effects": (Line(each.what, CHANGED, each.before, each.after) for each in
                    rule_changes(before.table, after.table)),
    }  # fmt: skip
    for kind, old, new in (
        ("data", before.program.data, after.program.data),
        ("train", before.program.recipes, after.program.recipes),
    ):
        for name in dict.fromkeys([*old, *new]):
            about = f"{kind} {name}" if name else kind
            found[about] = _settings(_section(old.get(name)), _section(new.get(name)))
    return Difference((before.name, after.name), {about: tuple(lines) for about, lines in found.items()}, merged)


def _layers(merged: Merged, names: tuple[Dims, Dims], gives: Sequence[dict[str, list[str]]]) -> Iterator[Line]:
    for change in merged.changes:
        said = [
            _said(item, names[side], gives[side]) if item else ""
            for side, item in enumerate((change.before, change.after))
        ]
        item = change.after or change.before
        if change.mark != CHANGED or said[0] != said[1]:
            yield Line(item.path or item.id.removeprefix("in "), change.mark, *said)


def _said(item: Item, names: Dims, gives: dict[str, list[str]]) -> str:
    """`Linear(10) [N, 10], 650 parameters`"""
    what, _, detail = cluster_words(item) if isinstance(item, Cluster) else words(item, names)
    module = item.module if isinstance(item, Cluster) else item.layer
    count = parameter_counts(module)[0] if module is not None else 0
    shape = ", ".join(gives.get(item.id, []))
    inside = f", {sum(1 for _ in item.vertices())} operations" if isinstance(item, Cluster) else ""
    call = f"{what}({detail})" if detail else what
    return " ".join(filter(None, (call, shape))) + inside + (f", {count:,} parameters" if count else "")


def _totals(before: Net, after: Net) -> Iterator[Line]:
    pairs = {
        "parameters": [parameter_counts(net.root)[0] for net in (before, after)],
        "multiply-adds": [(multiply_adds(net) or {}).get("") for net in (before, after)],
    }
    for what, (old, new) in pairs.items():
        if old != new:
            yield Line(what, CHANGED, *("not known" if each is None else f"{each:,}" for each in (old, new)))


def _rules(before: tuple[Rule, ...], after: tuple[Rule, ...]) -> Iterator[Line]:
    """Rules by their text, in order: where two hold for one parameter, the later one wins."""
    old, new = list(map(_written, before)), list(map(_written, after))
    for kind, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from (Line(each[0], REMOVED, before=each[1]) for each in old[start:end])
            yield from (Line(each[0], ADDED, after=each[1]) for each in new[first:last])


def _written(rule: Rule) -> tuple[str, str]:
    return str(rule), "; ".join(f"{each.name} = {_flat(each.value_span.text)}" for each in rule.properties)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _hypers(program: Program) -> dict[str, str]:
    return {name: dump.written(each.value) for name, each in program.hypers.items()}


def _section(section: DataSection | TrainSection | None) -> dict[str, str]:
    """The settings and pipelines of a section as a spec writes them."""
    if section is None:
        return {}
    pipelines = getattr(section, "pipelines", {})
    steps = {name: "; ".join(map(dump.written, each.steps)) for name, each in pipelines.items()}
    return {name: dump.written(each.value) for name, each in section.settings.items()} | steps


def _settings(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Line]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            mark = ADDED if name not in before else REMOVED if name not in after else CHANGED
            yield Line(name, mark, before.get(name, ""), after.get(name, ""))
