"""What training would do, without doing it: its steps, the parameter groups and their learning rates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod
from textwrap import fill
from typing import Any

from ..data.loaders import batches
from ..data.recipe import DataRecipe
from ..diagnostics import SpecError
from ..parameters import ParameterGroup, RuleTable, groups, show
from ..training.recipe import Recipe
from .chart import chart
from .terminal import UNLIMITED, rendered

NOMINAL_STEPS = 100
"""Steps of an epoch where the data that would say is not there: rates by epoch are the same."""


@dataclass(frozen=True)
class GroupPlan:
    """A parameter group: the lines of its rules, the number of parameters and of their elements, `rates` by step."""

    name: str
    lines: tuple[int, ...]
    parameters: int
    elements: int
    options: dict[str, Any]
    rates: list[float]

    @property
    def milestones(self) -> dict[str, float]:
        """The learning rate of the first step, the largest, and that of the last step."""
        return {"start": self.rates[0], "peak": max(self.rates), "end": self.rates[-1]}


@dataclass(frozen=True)
class Plan:
    """`samples` and `steps_per_epoch` are None where the data cannot be read; `missing` then says why."""

    optimizer: str
    batch: int
    samples: dict[str, int] | None
    steps_per_epoch: int | None
    steps: int | None
    epochs: float | None
    groups: tuple[GroupPlan, ...]
    missing: str | None = None

    def data(self) -> dict[str, Any]:
        """For programs: the plan as plain data, the rates as milestones."""
        plain = asdict(self)
        for entry, group in zip(plain["groups"], self.groups, strict=True):
            entry["lr"] = entry.pop("rates") and group.milestones
            entry["options"] = {name: _plain(value) for name, value in group.options.items()}
        return plain

    def table(self, width: int = UNLIMITED) -> str:
        """The text, at most `width` columns wide: what is longer is folded, never cut."""
        first = self.groups[0].options if self.groups else {}
        same = {name for name in first if all(each.options[name] == first[name] for each in self.groups)}
        shared = ", ".join(f"{name}={option(first[name])}" for name in first if name in same and name != "lr")
        differing = [name for name in first if name not in same and name != "lr"]
        optimizer = fill(f"optimizer: {self.optimizer}({shared})", width, subsequent_indent="  ")
        lines = [_length(self), optimizer, "", _table(self, differing, width), ""]
        return "\n".join([*lines, *_curves(self, min(width - 10, 60))])

    def __str__(self) -> str:
        return self.table()


def plan(recipe: Recipe, table: RuleTable, data: DataRecipe) -> Plan:
    """The plan of a recipe. Raises SpecError where the schedule is longer than the run."""
    samples, per_epoch, missing = _counted(recipe, data)
    used = per_epoch or NOMINAL_STEPS
    total = recipe.total_steps(used)
    known = per_epoch is not None or recipe.steps is not None
    return Plan(
        optimizer=recipe.optimizer.name,
        batch=recipe.batch,
        samples=samples,
        steps_per_epoch=per_epoch,
        steps=total if known else None,
        epochs=recipe.epochs if per_epoch is None else total / per_epoch,
        groups=tuple(_group(each, recipe, table, used, total) for each in groups(table)),
        missing=missing,
    )


def _counted(recipe: Recipe, data: DataRecipe) -> tuple[dict[str, int] | None, int | None, str | None]:
    """The samples of each part and the steps of an epoch, or why they are not known."""
    try:
        samples = data.counts()
    except SpecError as problem:
        return None, None, problem.diagnostics[0].message
    return samples, batches(samples["train"], recipe.batch, data.skip_single), None


def _group(group: ParameterGroup, recipe: Recipe, table: RuleTable, per_epoch: int, total: int) -> GroupPlan:
    schedule = group.schedule or recipe.schedule
    rates = schedule.curve(group.options["lr"], group.optimizer.own["lr"], per_epoch, total)
    lines = tuple(rule.span.line for rule in group.rules)
    elements = sum(prod(table.parameters[name].shape) for name in group.parameters)
    return GroupPlan(group.name, lines, len(group.parameters), elements, dict(group.options), rates)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, bool | int | float | str | None) else option(value)


def option(value: Any) -> str:
    """An optimizer's option as a spec writes it."""
    return f"{value:g}" if isinstance(value, float) else show(value)


def _length(it: Plan) -> str:
    parts = ", ".join(f"{count:,} {name}" for name, count in (it.samples or {}).items())
    data = f"data: {parts}" if parts else f"data: unknown, {it.missing}"
    epochs = f"{it.epochs:g} epochs" if it.epochs is not None else ""
    per_epoch = f"{it.steps_per_epoch:,} steps each" if it.steps_per_epoch is not None else ""
    steps = f"{it.steps:,} steps" if it.steps is not None else ""
    length = ", ".join(filter(None, [epochs + f" of {per_epoch}" * bool(epochs and per_epoch), steps]))
    return f"{data}\nlength: {length}, batch {it.batch:,}"


def _table(it: Plan, differing: list[str], width: int) -> str:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
    table.add_column("group", overflow="fold")
    for title in ("lines", "parameters", "elements", "lr start", "peak", "end", *differing):
        table.add_column(title, justify="right", overflow="fold")
    for group in it.groups:
        rates = [f"{rate:.3g}" for rate in group.milestones.values()]
        values = [option(group.options[name]) for name in differing]
        lines = ", ".join(map(str, group.lines))
        cells = (group.name, lines, f"{group.parameters:,}", f"{group.elements:,}", *rates, *values)
        table.add_row(*map(Text, cells))
    totals = (sum(each.parameters for each in it.groups), sum(each.elements for each in it.groups))
    table.add_row("all", "", *(f"{total:,}" for total in totals))
    return rendered(table, width)


def _curves(it: Plan, width: int) -> list[str]:
    """The learning rate over the run: one curve for groups whose rates are in proportion all along."""
    if not it.groups:
        return []
    shapes: dict[tuple[float, ...], list[GroupPlan]] = {}
    for group in it.groups:
        top = max(group.rates) or 1.0
        shapes.setdefault(tuple(round(rate / top, 6) for rate in group.rates), []).append(group)
    lines = []
    for shape, alike in shapes.items():
        tops = ", ".join(dict.fromkeys(f"{max(each.rates):g}" for each in alike))
        named = "" if len(shapes) == 1 else f" of {', '.join(each.name for each in alike)}"
        lines += [f"lr{named}, top {tops}", *(f"  {line}" for line in chart(shape, width)), ""]
    return lines[:-1]
