"""The resolved rules of a net: what each property of each parameter is, and which rule says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..ir.graph import Net
from ..ir.program import Property, Rule
from ..ir.sites import ParameterSite
from ..ir.values import Duration
from ..source import Span
from .choice import OptimizerChoice
from .initializers import Init
from .selectors import Matcher
from .sites import outermost


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


@dataclass(frozen=True, eq=False)
class RuleTable:
    """Parameter, property, entry. Groups, initialisation, penalties, freezes, `plan`, `why` and the summary read this.

    `parameters` has every parameter of the net in the order of `named_parameters`; `entries` only those that a rule
    says something about; `modules` the same of modules, for the properties that hold for modules. `optimizer` is the
    recipe's, None where there is none; a rule may choose another one for some parameters: `choice` tells.
    """

    net: Net
    matcher: Matcher
    entries: Mapping[str, Mapping[str, Entry]]
    rules: tuple[Rule, ...] = ()
    optimizer: OptimizerChoice | None = None
    by_rule: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    modules: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)

    @cached_property
    def parameters(self) -> Mapping[str, ParameterSite]:
        return {name: site for name, site in self.matcher.sites.parameters.items() if site.shares is None}

    def properties(self, name: str) -> Mapping[str, Entry]:
        """The entries of a parameter by property. Raises KeyError for no parameter of the net."""
        if name not in self.parameters:
            raise KeyError(name)
        return self.entries.get(name, {})

    def value(self, name: str, property: str, otherwise: Any = None) -> Any:
        """What the rules say of a property of a parameter."""
        entry = self.entries.get(name, {}).get(property)
        return entry.value if entry else otherwise

    def having(self, property: str) -> dict[str, Entry]:
        """The parameters that a rule sets a property of, in order, with their entries."""
        found = ((name, self.entries.get(name, {}).get(property)) for name in self.parameters)
        return {name: entry for name, entry in found if entry}

    def init(self, name: str) -> Init | None:
        """What a rule says of a parameter's first values; None for what its layer's constructor gives."""
        found = self.value(name, "init")
        return None if found is None or found.is_default else found

    def choice(self, name: str) -> OptimizerChoice | None:
        """The optimizer of a parameter: a rule's, or the recipe's."""
        return self.value(name, "optimizer", self.optimizer)

    def options(self, name: str) -> dict[str, Any]:
        """All options of the optimizer for a parameter: the call's own, in place of them the rules', with the rate
        multiplied as `layer_decay` says."""
        choice, entries = self.choice(name), self.entries.get(name, {})
        own = choice.own if choice else {}
        found = {option: entries[option].value if option in entries else value for option, value in own.items()}
        if "lr" in found and "layer_decay" in entries:
            found["lr"] = found["lr"] * entries["layer_decay"].value.factor
        return found

    def freeze(self, name: str) -> bool | Duration:
        """Whether a parameter never gets a gradient, or for how long at first it gets none."""
        return True if "follow" in self.entries.get(name, {}) else self.value(name, "freeze", False)

    def switched(self, property: str) -> list[str]:
        """The paths of all modules that a property of modules holds for."""
        holding = (path for path in self.matcher.sites.modules if path in self.modules)
        return [path for path in holding if (entry := self.modules[path].get(property)) and entry.value]

    def outermost(self, property: str) -> list[str]:
        """Those of them that are in no other one."""
        return outermost(self.switched(property))

    def matched(self, rule: Rule) -> tuple[str, ...]:
        """The parameters that a rule holds for, in order."""
        return self.by_rule.get(id(rule), ())
