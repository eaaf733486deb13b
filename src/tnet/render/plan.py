"""What training would do, without doing it: its steps, the parameter groups, their learning rates and freezes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ..data.loaders import batches
from ..data.recipe import DataRecipe
from ..diagnostics import SpecError
from ..parameters import ParameterGroup, RuleTable, groups, show
from ..training.recipe import Recipe
from ..training.rules.freezing import thaw_steps
from .terminal import UNLIMITED

if TYPE_CHECKING:
    from torch import nn

    from .cost import Cost

NOMINAL_STEPS = 100
"""Steps of an epoch where the data that would say is not there: rates by epoch are the same."""


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
class Plan:
    """`samples` and `steps_per_epoch` are None where the data cannot be read; `missing` then says why. `rates` of
    groups are then those of epochs of `NOMINAL_STEPS`."""

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

    def data(self) -> dict[str, Any]:
        """For programs: the plan as plain data, the rates as milestones."""
        plain = asdict(self)
        plain["cost"]["total"] = self.cost.total
        for entry, group in zip(plain["groups"], self.groups, strict=True):
            del entry["rates"]
            entry["lr"] = group.milestones
            entry["options"] = {name: _plain(value) for name, value in group.options.items()}
        return plain

    def table(self, width: int = UNLIMITED) -> str:
        """The text, at most `width` columns wide: what is longer is folded, never cut."""
        from .plan_text import plan_text

        return plan_text(self, width)

    def __str__(self) -> str:
        return self.table()

    def svg(self) -> str:
        """The picture: learning rates, weight decays and freezes over the run."""
        from .canvas_svg import svg
        from .plan_figure import plan_figure

        return svg(plan_figure(self))

    def png(self) -> bytes:
        """The same as pixels."""
        from .canvas_png import png
        from .plan_figure import plan_figure

        return png(plan_figure(self))

    def html(self) -> str:
        """The picture and the tables on a page of its own, which loads nothing."""
        from .plan_html import plan_html

        return plan_html(self)


def plan(spec: str, recipe: Recipe, table: RuleTable, data: DataRecipe, cls: type[nn.Module]) -> Plan:
    """The plan of a recipe, for the spec of that name; `cls` is the generated class of the net.

    Raises SpecError where a schedule does not fit the run.
    """
    from .cost import cost

    samples, per_epoch, missing = _counted(recipe, data)
    used = per_epoch or NOMINAL_STEPS
    total = recipe.total_steps(used)
    known = per_epoch is not None or recipe.steps is not None
    found = groups(table)
    thaws = thaw_steps(table, used, total)
    schedules = [recipe.schedule, *(group.schedule for group in found if group.schedule)]
    return Plan(
        spec=spec,
        batch=recipe.batch,
        samples=samples,
        steps_per_epoch=per_epoch,
        steps=total if known else None,
        epochs=recipe.epochs if per_epoch is None else total / per_epoch,
        groups=tuple(_group(each, recipe, table, used, total, thaws) for each in found),
        cost=cost(table.net, cls, recipe, table, (samples or {}).get("train")),
        missing=missing,
        watched=tuple(dict.fromkeys(result for schedule in schedules for result in schedule.monitors)),
    )


def _counted(recipe: Recipe, data: DataRecipe) -> tuple[dict[str, int] | None, int | None, str | None]:
    """The samples of each part and the steps of an epoch, or why they are not known."""
    try:
        samples = data.counts()
    except SpecError as problem:
        return None, None, problem.diagnostics[0].message
    return samples, batches(samples["train"], recipe.batch, data.skip_single), None


def _group(
    group: ParameterGroup, recipe: Recipe, table: RuleTable, per_epoch: int, total: int, thaws: Mapping[str, int]
) -> GroupPlan:
    schedule = group.schedule or recipe.schedule
    thaw = thaws.get(group.parameters[0], 0)
    return GroupPlan(
        group.name,
        tuple(rule.span.line for rule in group.rules),
        len(group.parameters),
        sum(prod(table.parameters[name].shape) for name in group.parameters),
        group.optimizer.name,
        dict(group.options),
        schedule.curve(group.options["lr"], group.optimizer.own["lr"], per_epoch, total),
        " ".join(schedule.span.text.split()) if group.schedule and schedule.span else None,
        thaw if group.is_trained and thaw < total else None,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, bool | int | float | str | None) else option(value)


def option(value: Any) -> str:
    """An optimizer's option as a spec writes it."""
    return f"{value:g}" if isinstance(value, float) else show(value)
