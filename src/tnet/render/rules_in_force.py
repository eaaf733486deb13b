"""What the parameter rules say of a layer: each property in force, with the rule and line that set it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..parameters import RuleTable
from ..parameters.arguments import show
from ..parameters.cascade import OF_TRAINING
from ..parameters.table import Entry
from ..source import Span


@dataclass(frozen=True)
class InForce:
    """A property that `rule` sets at `span`. `parameter` is its name within the layer, "" for what holds for modules
    and for a parameter of the net itself."""

    parameter: str
    property: str
    value: str
    rule: str
    span: Span

    def data(self) -> dict[str, Any]:
        """For programs."""
        plain = {"parameter": self.parameter, "property": self.property, "value": self.value}
        return plain | {"rule": self.rule, "at": self.span.place}


def in_force(table: RuleTable, path: str, within: bool) -> Iterator[InForce]:
    """The properties of the module or parameter at `path`; with `within`, also those of all parameters in it."""
    yield from (_said("", entry) for entry in table.modules.get(path, {}).values())
    names = table.matcher.sites.parameters_in(path) if within else [path]
    for name in names:
        own = name.removeprefix(path).removeprefix(".")
        yield from (_said(own, entry) for entry in table.entries.get(name, {}).values())


def _said(parameter: str, entry: Entry) -> InForce:
    written = " ".join(entry.property.value_span.text.split())
    value = written if entry.property.name in OF_TRAINING else show(entry.value)
    return InForce(parameter, entry.property.name, value, str(entry.rule), entry.span)
