"""The properties of rules that say what trains parameters: `schedule` and `loss`, read as the settings are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..diagnostics import Diagnostic, error
from ..ir.graph import Net
from ..ir.program import DataSection, Property, TrainSection
from ..parameters import RuleTable
from . import losses, schedules
from .recipe import has_open_fields

Reader = Callable[[Property, Any], Any]

LATER = (
    "freeze", "loss", "follow", "l1", "l2", "clip_norm", "max_norm", "eval", "histogram", "recompute",
)  # fmt: skip
"""Properties that training does not follow yet."""


def refused(table: RuleTable) -> Iterator[Diagnostic]:
    """The properties of rules that stand in the way of training."""
    for property in (each for rule in table.rules for each in rule.properties):
        if property.name in LATER:
            yield from error("TN0001", f"the property `{property.name}` is not done yet", property.span).diagnostics


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
