"""Parameter groups: the fewest that tell apart how parameters are trained, named after their rules."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from ..ir.program import Rule
from ..ir.values import Duration
from .choice import OptimizerChoice, frozen
from .table import Entry, RuleTable

DEFAULT_GROUP = "default"
APART = ("optimizer", "layer_decay", "schedule", "loss", "freeze", "follow")
"""Properties besides the options that tell groups apart."""


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that are trained alike. `rules` are those that make them differ from what `train` says.

    `optimizer` is theirs; `schedule` and `loss` are None for the recipe's own. `freeze` is true for those that never
    get a gradient, and in no optimizer are they; a duration for those that get none at first.
    """

    name: str
    parameters: list[str]
    options: dict[str, Any]
    rules: tuple[Rule, ...] = ()
    optimizer: OptimizerChoice | None = None
    schedule: Any = None
    loss: Any = None
    freeze: bool | Duration = False

    @property
    def is_trained(self) -> bool:
        return self.freeze is not True


_made: WeakKeyDictionary[RuleTable, list[ParameterGroup]] = WeakKeyDictionary()


def groups(table: RuleTable) -> list[ParameterGroup]:
    """The groups of a table, in the order of their first parameters; without an optimizer, one without options."""
    if table not in _made:
        members: dict[Hashable, list[str]] = {}
        keys: dict[tuple[int, ...], Hashable] = {}
        for name in table.parameters:
            alike = tuple(map(id, table.entries.get(name, {}).values()))  # many parameters have the very same entries
            if alike not in keys:
                keys[alike] = _key(table, name)
            members.setdefault(keys[alike], []).append(name)
        taken: set[str] = set()
        _made[table] = [_group(table, names, taken) for names in members.values()]
    return list(_made[table])


def _key(table: RuleTable, name: str) -> Hashable:
    choice = table.choice(name)
    return (
        choice and choice.key,
        frozen(tuple(table.options(name).values())),
        id(table.value(name, "schedule")),
        id(table.value(name, "loss")),
        table.freeze(name),
    )


def _differing(table: RuleTable, name: str) -> dict[str, Entry]:
    """The entries that make a parameter differ from what `train` says."""
    choice = table.choice(name)
    own = choice.own if choice else {}
    return {
        property: entry
        for property, entry in table.entries.get(name, {}).items()
        if property in APART and entry.value is not False or property in own and entry.value != own[property]
    }


def _group(table: RuleTable, names: list[str], taken: set[str]) -> ParameterGroup:
    used = {id(entry.rule) for name in names for entry in _differing(table, name).values()}
    rules = tuple(rule for rule in table.rules if id(rule) in used)
    first = names[0]
    return ParameterGroup(
        _unused(_name(rules), taken), names, table.options(first), rules, table.choice(first),
        table.value(first, "schedule"), table.value(first, "loss"), table.freeze(first),
    )  # fmt: skip


def _name(rules: tuple[Rule, ...]) -> str:
    return " + ".join(dict.fromkeys(map(str, rules))) or DEFAULT_GROUP


def _unused(name: str, taken: set[str]) -> str:
    number, unused = 1, name
    while unused in taken:
        number += 1
        unused = f"{name} #{number}"
    taken.add(unused)
    return unused
