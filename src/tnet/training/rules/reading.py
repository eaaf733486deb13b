"""The properties of rules that say what trains parameters: `schedule` and `loss`, read as the settings are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...diagnostics import Diagnostic
from ...ir.graph import Net
from ...ir.program import DataSection, Property, TrainSection
from ...ir.values import Duration
from ...parameters import RuleTable
from .. import losses, schedules
from ..recipe import Recipe, has_open_fields
from .freezing import too_long

Reader = Callable[[Property, Any], Any]


def contradictions(table: RuleTable, recipe: Recipe) -> Iterator[Diagnostic]:
    """Rules that cannot hold in a run of the recipe's length, as far as it is known without the data."""
    told = set()
    for entry in table.having("freeze").values():
        length = {"epochs": recipe.epochs, "steps": recipe.steps}.get(getattr(entry.value, "unit", ""))
        if length is not None and entry.value.value > length and id(entry) not in told:
            told.add(id(entry))
            run = str(Duration(length, entry.value.unit))
            yield from too_long(entry.value, run, entry.property.value_span).diagnostics


def readers_of(section: TrainSection, data: DataSection | None, net: Net) -> dict[str, Reader]:
    """How the rules of a recipe are read. What is written twice with the same words is one value."""
    setting = section.settings.get("schedule_per")
    per = setting.value if setting else None

    def schedule(property: Property, value: Any) -> schedules.ScheduleChoice:
        return schedules.choose(value, property.value_span, per)

    def loss(property: Property, value: Any) -> Any:
        return losses.choose(value, property.value_span, net, has_open_fields(data))

    return {"schedule": _once(schedule), "loss": _once(loss)}


def _once(read: Reader) -> Reader:
    """The same value for the same words, so that what it holds for counts as one."""
    known: dict[str, Any] = {}

    def reader(property: Property, value: Any) -> Any:
        text = property.value_span.text
        if text not in known:
            known[text] = read(property, value)
        return known[text]

    return reader
