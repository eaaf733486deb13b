"""What training would do, without doing it: its steps, the parameter groups, their learning rates and freezes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from math import prod
from typing import Any

from torch import nn

from ..data.loaders import batches
from ..data.recipe import DataRecipe
from ..diagnostics import SpecError
from ..parameters import ParameterGroup, RuleTable, groups
from ..training.recipe import Recipe
from ..training.rules.freezing import thaw_steps
from .canvas_png import png
from .canvas_svg import svg
from .cost import cost
from .plan_facts import GroupPlan, PlanFacts, option
from .plan_figure import plan_figure
from .plan_html import plan_html
from .plan_text import plan_text
from .terminal import UNLIMITED

NOMINAL_STEPS = 100
"""Steps of an epoch where the data that would say is not there: rates by epoch are the same."""


class Plan(PlanFacts):
    """A plan to be looked at: `print` it, or take it as a picture, a page or plain data."""

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
        return plan_text(self, width)

    def __str__(self) -> str:
        return self.table()

    def svg(self) -> str:
        """The picture: learning rates, weight decays and freezes over the run."""
        return svg(plan_figure(self))

    def png(self) -> bytes:
        """The same as pixels."""
        return png(plan_figure(self))

    def html(self) -> str:
        """The picture and the tables on a page of its own, which loads nothing."""
        return plan_html(self)


def plan(spec: str, recipe: Recipe, table: RuleTable, data: DataRecipe, cls: type[nn.Module]) -> Plan:
    """The plan of a recipe, for the spec of that name; `cls` is the generated class of the net.

    Raises SpecError where a schedule does not fit the run.
    """
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
    rate, own = group.options["lr"], group.optimizer.own["lr"]
    rates = schedule.curve(rate, own, per_epoch, total)
    if recipe.swa and recipe.swa.lr:
        first = recipe.swa.first(total)
        rates[first:] = [recipe.swa.lr * (rate / own if own else 1.0)] * (total - first)
    thaw = thaws.get(group.parameters[0], 0)
    return GroupPlan(
        group.name,
        tuple(rule.span.line for rule in group.rules),
        len(group.parameters),
        sum(prod(table.parameters[name].shape) for name in group.parameters),
        group.optimizer.name,
        dict(group.options),
        rates,
        " ".join(schedule.span.text.split()) if group.schedule and schedule.span else None,
        thaw if group.is_trained and thaw < total else None,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, bool | int | float | str | None) else option(value)
