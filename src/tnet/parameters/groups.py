"""Parameter groups: the fewest that tell the optimizer's options apart, named after their rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ir.program import Rule
from .choice import OptimizerChoice
from .table import Entry, RuleTable

DEFAULT_GROUP = "default"


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters with the same options. `rules` are those that make the options differ from the optimizer's own."""

    name: str
    parameters: list[str]
    options: dict[str, Any]
    rules: tuple[Rule, ...] = ()


def groups(table: RuleTable, optimizer: OptimizerChoice | None = None) -> list[ParameterGroup]:
    """The groups of a table, in the order of their first parameters; without an optimizer, one without options."""
    optimizer = optimizer or table.optimizer
    own = optimizer.own if optimizer else {}
    members: dict[tuple, list[str]] = {}
    for name in table.parameters:
        differing = _differing(table, name, own)
        key = tuple(sorted((option, _frozen(entry.value)) for option, entry in differing.items()))
        members.setdefault(key, []).append(name)
    taken: set[str] = set()
    return [_group(table, names, own, taken) for names in members.values()]


def _differing(table: RuleTable, name: str, own: dict[str, Any]) -> dict[str, Entry]:
    """The entries that give a parameter another option than the optimizer's own."""
    return {
        option: entry
        for option, entry in table.entries.get(name, {}).items()
        if option in own and entry.value != own[option]
    }


def _group(table: RuleTable, names: list[str], own: dict[str, Any], taken: set[str]) -> ParameterGroup:
    differing = [_differing(table, name, own) for name in names]
    used = {id(entry.rule) for entries in differing for entry in entries.values()}
    rules = tuple(rule for rule in table.rules if id(rule) in used)
    options = own | {option: entry.value for option, entry in differing[0].items()}
    return ParameterGroup(_unused(_name(rules), taken), names, options, rules)


def _name(rules: tuple[Rule, ...]) -> str:
    return " + ".join(dict.fromkeys(map(str, rules))) or DEFAULT_GROUP


def _unused(name: str, taken: set[str]) -> str:
    number, unused = 1, name
    while unused in taken:
        number += 1
        unused = f"{name} #{number}"
    taken.add(unused)
    return unused


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
