"""The properties of rules that say what trains parameters: `schedule` and `loss`, read as the settings are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...diagnostics import Diagnostic, error
from ...ir.graph import Net
from ...ir.program import DataSection, Property, TrainSection
from ...ir.values import Duration
from ...parameters import RuleTable
from .. import losses, schedules
from ..loss_modules import of_losses
from ..recipe import Recipe, has_open_fields
from .freezing import too_long

Reader = Callable[[Property, Any], Any]


def contradictions(table: RuleTable, recipe: Recipe) -> Iterator[Diagnostic]:
    """Rules that cannot hold in a run of the recipe's length, as far as it is known without the data."""
    yield from _of_losses(table)
    told = set()
    for entry in table.having("freeze").values():
        length = {"epochs": recipe.epochs, "steps": recipe.steps}.get(getattr(entry.value, "unit", ""))
        if length is not None and entry.value.value > length and id(entry) not in told:
            told.add(id(entry))
            run = str(Duration(length, entry.value.unit))
            yield from too_long(entry.value, run, entry.property.value_span).diagnostics


def _of_losses(table: RuleTable) -> Iterator[Diagnostic]:
    """What rules may not say of the modules of a loss."""
    found = {}
    for name in of_losses({**table.entries, **table.modules}):
        for entries in (table.entries.get(name, {}), table.modules.get(name, {})):
            found |= {key: entry for key, entry in entries.items() if key in ("parametrize", *OF_MODULES)}
    for key, entry in found.items():
        message = f"`{key}` of a loss's own modules is not done yet"
        yield from error("TN0001", message, entry.property.span).diagnostics


OF_MODULES = ("eval", "recompute", "histogram")


def readers_of(section: TrainSection, data: DataSection | None, net: Net) -> dict[str, Reader]:
    """How the rules of a recipe are read. What is written twice with the same words is one value."""
    setting = section.settings.get("schedule_per")
    per = setting.value if setting else None

    def schedule(property: Property, value: Any) -> schedules.ScheduleChoice:
        return schedules.choose(value, property.value_span, per)

    def loss(property: Property, value: Any) -> Any:
        choice = losses.choose(value, property.value_span, net, has_open_fields(data))
        if choice is not None and choice.own is not None:
            message = "a loss of a rule with parameters of its own is not done yet"
            raise error("TN0001", message, property.value_span, help="name it in `train`")
        return choice

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
