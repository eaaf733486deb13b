"""The resolved rules of a net: what each property of each parameter is, and which rule says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ir.graph import Net
from ..ir.program import Property, Rule
from ..ir.sites import ParameterSite
from ..source import Span
from .choice import OptimizerChoice
from .initializers import Init
from .selectors import Matcher


@dataclass(frozen=True)
class Entry:
    """The value of a property, the rule and property that set it, and the entry that this one overrode."""

    value: Any
    rule: Rule
    property: Property
    overrode: Entry | None = None

    @property
    def span(self) -> Span:
        return self.property.span

    def history(self) -> Iterator[Entry]:
        """This entry and those that it overrode, latest first."""
        entry: Entry | None = self
        while entry:
            yield entry
            entry = entry.overrode


@dataclass(frozen=True)
class RuleTable:
    """Parameter, property, entry. Groups, initialisation, `plan`, `why` and the summary read this.

    `parameters` has every parameter of the net in the order of `named_parameters`; `entries` only those that a rule
    says something about; `optimizer` is the choice that options were read against, if there was one.
    """

    net: Net
    matcher: Matcher
    entries: Mapping[str, Mapping[str, Entry]]
    rules: tuple[Rule, ...] = ()
    optimizer: OptimizerChoice | None = None
    by_rule: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, ParameterSite]:
        return self.matcher.sites.parameters

    def properties(self, name: str) -> Mapping[str, Entry]:
        """The entries of a parameter by property. Raises KeyError for no parameter of the net."""
        if name not in self.parameters:
            raise KeyError(name)
        return self.entries.get(name, {})

    def init(self, name: str) -> Init | None:
        """What a rule says of a parameter's first values; None for what its layer's constructor gives."""
        entry = self.entries.get(name, {}).get("init")
        return None if entry is None or entry.value.is_default else entry.value

    def options(self, name: str) -> dict[str, Any]:
        """All options of the optimizer for a parameter: the call's own, and in place of them the rules'."""
        own = self.optimizer.own if self.optimizer else {}
        entries = self.entries.get(name, {})
        return {option: entries[option].value if option in entries else value for option, value in own.items()}

    def matched(self, rule: Rule) -> tuple[str, ...]:
        """The parameters that a rule holds for, in order."""
        return self.by_rule.get(id(rule), ())
