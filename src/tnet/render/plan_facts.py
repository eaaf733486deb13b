"""What a plan says: the length of the run, its parameter groups with their rates, the cost of a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..parameters import show
from .cost import Cost


@dataclass(frozen=True)
class GroupPlan:
    """A parameter group: the lines of its rules, the number of parameters and of their elements, `rates` by step.

    `options` are those of its `optimizer`; `schedule` is that of a rule, None for the recipe's. The group is trained
    from step `thaw` on, never where that is None.
    """

    name: str
    lines: tuple[int, ...]
    parameters: int
    elements: int
    optimizer: str
    options: dict[str, Any]
    rates: list[float]
    schedule: str | None = None
    thaw: int | None = 0

    @property
    def trained(self) -> list[float]:
        """The learning rates of the steps at which the group is trained."""
        return [] if self.thaw is None else self.rates[self.thaw :]

    @property
    def milestones(self) -> dict[str, float]:
        """The first of them, the largest, and the last; none of a group that is never trained."""
        rates = self.trained
        return {"start": rates[0], "peak": max(rates), "end": rates[-1]} if rates else {}


@dataclass(frozen=True)
class PlanFacts:
    """`samples` and `steps_per_epoch` are None where the data cannot be read; `missing` then says why, and `rates` of
    groups are those of epochs of a nominal length. `watched` names the results of evaluations that schedules wait for.
    """

    spec: str
    batch: int
    samples: dict[str, int] | None
    steps_per_epoch: int | None
    steps: int | None
    epochs: float | None
    groups: tuple[GroupPlan, ...]
    cost: Cost
    missing: str | None = None
    watched: tuple[str, ...] = ()


def option(value: Any) -> str:
    """An optimizer's option as a spec writes it."""
    return f"{value:g}" if isinstance(value, float) else show(value)
