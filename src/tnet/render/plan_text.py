"""A plan as text: the length of the run, what a step costs, the groups, and their learning rates as curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

from .chart import chart
from .plan_facts import GroupPlan, PlanFacts, option
from .terminal import rendered

WIDEST = 60
"""Columns of a curve."""


def plan_text(it: PlanFacts, width: int) -> str:
    """The text of a plan, at most `width` columns wide."""
    head = [*length(it), *optimizers(it), *cost(it)]
    lines = [fill(each, width, subsequent_indent="  ") for each in head]
    return "\n".join([*lines, "", _table(it, width), *_curves(it, width)])


def length(it: PlanFacts) -> Iterator[str]:
    """The samples, and how long the run is."""
    parts = ", ".join(f"{count:,} {name}" for name, count in (it.samples or {}).items())
    yield f"data: {parts}" if parts else f"data: unknown, {it.missing}"
    epochs = f"{it.epochs:g} epochs" if it.epochs is not None else ""
    per_epoch = f"{it.steps_per_epoch:,} steps each" if it.steps_per_epoch is not None else ""
    steps = f"{it.steps:,} steps" if it.steps is not None else ""
    counted = ", ".join(filter(None, [epochs + f" of {per_epoch}" * bool(epochs and per_epoch), steps]))
    yield f"length: {counted}, batch {it.batch:,}"


def optimizers(it: PlanFacts) -> Iterator[str]:
    """Each optimizer with the options that are the same in all of its groups."""
    for name in dict.fromkeys(group.optimizer for group in it.groups):
        own = [group.options for group in it.groups if group.optimizer == name]
        same = [key for key in own[0] if key != "lr" and all(each[key] == own[0][key] for each in own)]
        yield f"optimizer: {name}({', '.join(f'{key}={option(own[0][key])}' for key in same)})"


def differing(it: PlanFacts) -> list[str]:
    """The options, but for the rate, in which groups of one optimizer differ."""
    found: dict[str, Any] = {}
    for group in it.groups:
        for key, value in group.options.items():
            found.setdefault((group.optimizer, key), []).append(value)
    names = [key for (_, key), values in found.items() if key != "lr" and any(each != values[0] for each in values)]
    return list(dict.fromkeys(names))


def cost(it: PlanFacts) -> Iterator[str]:
    """Memory and operations of a step."""
    parts = {
        "parameters": it.cost.parameters, "their average": it.cost.average, "gradients": it.cost.gradients,
        "optimizer state": it.cost.optimizer, "activations": it.cost.activations,
    }  # fmt: skip
    known = [f"{memory(size)} {name}" for name, size in parts.items() if size]
    unknown = [f"{name} not known" for name, size in parts.items() if size is None]
    total = f"{memory(it.cost.total)} = " if it.cost.total is not None else ""
    yield f"memory of a step: {total}{' + '.join(known + unknown)}"
    if it.cost.missing:
        yield f"  activations and operations are not known: {it.cost.missing}"
        return
    yield f"  activations as autograd keeps them of {it.cost.inputs}, without torch.compile"
    whole = f", {operations(it.cost.flops * it.steps)} in all" if it.steps is not None else ""
    yield f"operations: {operations(it.cost.flops)} a step{whole}"


def memory(size: int) -> str:
    """`4.46 MiB`"""
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}" if size < 1000 * scale else f"{size / scale:,.0f} {unit}"
    return f"{size} B"


def operations(count: int) -> str:
    """`3.14 GFLOP`"""
    for unit, scale in (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}FLOP"
    return f"{count:,} FLOP"


def group_rows(it: PlanFacts) -> tuple[list[str], list[list[str]]]:
    """The table of groups: titles, and a row of texts each; columns that say nothing are left out."""
    apart = {
        "optimizer": len({group.optimizer for group in it.groups}) > 1,
        "schedule": any(group.schedule for group in it.groups),
        "trained": any(group.thaw != 0 for group in it.groups),
    }
    named = [name for name, told in apart.items() if told]
    options = differing(it)
    rows = []
    for group in it.groups:
        rates = [f"{rate:.3g}" for rate in group.milestones.values()] or ["", "", ""]
        texts = {"optimizer": group.optimizer, "schedule": group.schedule or "", "trained": trained(it, group)}
        rows.append([
            group.name, ", ".join(map(str, group.lines)), f"{group.parameters:,}", f"{group.elements:,}", *rates,
            *(option(group.options[name]) if name in group.options else "" for name in options),
            *(texts[name] for name in named),
        ])  # fmt: skip
    totals = (sum(each.parameters for each in it.groups), sum(each.elements for each in it.groups))
    titles = ["group", "lines", "parameters", "elements", "lr start", "peak", "end", *options, *named]
    return titles, [*rows, ["all", "", *(f"{total:,}" for total in totals), *[""] * (len(titles) - 4)]]


def trained(it: PlanFacts, group: GroupPlan) -> str:
    """When a group is trained."""
    if group.thaw is None:
        return "never"
    if not group.thaw:
        return "from the start"
    if it.steps is None:
        return f"from epoch {group.thaw / len(group.rates) * it.epochs:.4g}"
    epoch = f" (epoch {group.thaw / it.steps_per_epoch:.4g})" if it.steps_per_epoch else ""
    return f"from step {group.thaw:,}{epoch}"


def frozen_until(it: PlanFacts, group: GroupPlan) -> str:
    """`frozen until step 300 (epoch 3)`"""
    return f"frozen {trained(it, group).replace('from', 'until')}"


TEXTS = ("group", "optimizer", "schedule", "trained")
"""Columns that are no numbers."""


def _table(it: PlanFacts, width: int) -> str:
    from rich.table import Table
    from rich.text import Text

    titles, rows = group_rows(it)
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="left" if title in TEXTS else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return rendered(table, width)


def _curves(it: PlanFacts, width: int) -> list[str]:
    """The learning rate over the run: one curve for groups whose rates are in proportion all along."""
    columns = min(width - 10, WIDEST)
    shapes: dict[tuple[float, ...], list[GroupPlan]] = {}
    for group in filter(lambda group: group.trained, it.groups):
        top = max(group.trained) or 1.0
        shape = [*[0.0] * group.thaw, *(round(rate / top, 6) for rate in group.trained)]
        shapes.setdefault((group.thaw, *shape), []).append(group)
    lines = []
    for (_, *shape), alike in shapes.items():
        tops = ", ".join(dict.fromkeys(f"{max(each.trained):g}" for each in alike))
        named = "" if len(shapes) == 1 else f" of {', '.join(each.name for each in alike)}"
        frozen = f", {frozen_until(it, alike[0])}" if alike[0].thaw else ""
        if len(set(alike[0].trained)) == 1:
            lines += ["", *fill(f"lr{named} {tops} throughout{frozen}", width).splitlines()]
            continue
        lines += ["", *fill(f"lr{named}, top {tops}{frozen}", width).splitlines()]
        lines += [*(f"  {line}" for line in chart(shape, columns)), f"  {_axis(it, shape, columns)}"]
    if it.watched:
        lines += ["", f"as if each {' and '.join(it.watched)} were better than the last"]
    return lines


def _axis(it: PlanFacts, shape: Sequence[float], width: int) -> str:
    end = f"{it.steps:,} steps" if it.steps is not None else f"{it.epochs:g} epochs"
    columns = min(width, len(shape))
    return "0" + end.rjust(columns - 1) if columns > len(end) + 1 else f"0 to {end}"
