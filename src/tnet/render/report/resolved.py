"""What a run was: its spec, what that resolved to, and on which versions it ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..highlight import code
from ..html import table
from .facts import Facts

GROUPS = {
    "hyper-parameters": ("hypers",),
    "train": ("settings",),
    "data": ("data", "settings"),
    "statistics": ("data", "statistics"),
    "given on the command line": ("overrides",),
}
"""The tables of what a spec resolved to: the keys of `run.yaml` that lead to them."""


def spec(facts: Facts) -> Iterator[str]:
    yield code(facts.text)


def resolved(facts: Facts) -> Iterator[str]:
    for title, values in settings(facts.about):
        yield f"<h3>{title}</h3>"
        yield table(["name", "value"], list(values.items()), ["name", "value"])
    if facts.record.source:
        yield f"<details><summary>the generated PyTorch source</summary>{code(facts.record.source, 'python')}</details>"


def settings(about: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The groups of `GROUPS` that a run has, as texts by name."""
    for title, keys in GROUPS.items():
        values: Any = about
        for key in keys:
            values = values.get(key) if isinstance(values, Mapping) else None
        if isinstance(values, Mapping) and values:
            yield title, {str(name): shown(value) for name, value in values.items()}


def versions(facts: Facts) -> list[tuple[str, str]]:
    found = facts.about.get("versions")
    return [(str(name), str(value)) for name, value in found.items()] if isinstance(found, Mapping) else []


def shown(value: Any) -> str:
    """A value of `run.yaml` on one line, as a spec would write it."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "none"
        case float():
            return f"{value:.6g}"
        case list():
            return f"[{', '.join(map(shown, value))}]"
        case dict():
            return ", ".join(f"{name} = {shown(each)}" for name, each in value.items())
    return str(value)
