"""Settings that contradict each other, the net or the data, found before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from torch.nn.modules.batchnorm import _BatchNorm

from ..diagnostics import Diagnostic, Note, did_you_mean
from ..ir.graph import Net
from ..ir.program import DataSection, Setting
from ..ir.sites import modules
from ..parameters.choice import OptimizerChoice, takes_closure
from ..source import Span
from .clashes import CLASHES, CLOSURES
from .distill import check_distilling
from .mixing import check_mixing
from .schedules import ScheduleChoice


def contradictions(
    settings: Mapping[str, Setting],
    values: Mapping[str, Any],
    data: DataSection | None,
    net: Net | None,
    failed: Collection[str] = (),
    scheduled: Sequence[tuple[ScheduleChoice | None, OptimizerChoice | None]] = (),
) -> list[Diagnostic]:
    """What cannot hold together, each at the setting that is written later.

    `failed` names settings without a value; `scheduled` has each schedule, of `train` or a rule, with each optimizer
    whose rates it sets.
    """
    found = []

    def conflict(name: str, other: str, message: str, help: str | None = None, span: Span | None = None) -> None:
        note = (Note(f"`{other}` is set here", settings[other].span),) if other in settings else ()
        found.append(Diagnostic("TN0803", "error", message, span or settings[name].span, note, help))

    with_closures = any(takes_closure(optimizer.cls) for _, optimizer in scheduled if optimizer)
    for clash in CLASHES:
        if clash.holds({**values, CLOSURES: with_closures}):
            conflict(clash.name, clash.other, clash.message, clash.help)
    parts, batch = values.get("accumulate", 1), values.get("batch", 1)
    if batch % parts:
        conflict("accumulate", "batch", f"a batch of {batch} cannot be computed in {parts} equal parts")
    if (
        "schedule_per" in settings
        and "schedule" not in {*settings, *failed}
        and not any(schedule.stages for schedule, _ in scheduled if schedule)
    ):
        conflict("schedule_per", "schedule", "`schedule_per` is set, but there is no `schedule`")
    if values.get("evaluate") and "evaluate" in settings and not _can_evaluate(data):
        conflict("evaluate", "train", "`evaluate` needs data to evaluate on", NEEDED_DATA)
    if net is not None:
        _check_net(values, net, conflict)
    for name, result in _monitored(values):
        if problem := _unmonitored(name, result, settings, values, data):
            conflict(name, *problem, span=settings[name].value.spans.get(WATCHING[name]) if name in settings else None)
    for schedule in {id(each): each for each, _ in scheduled if each}.values():
        found += _misfits(schedule, settings, values, data)
    found += [each for schedule, optimizer in scheduled if schedule and optimizer for each in schedule.check(optimizer)]
    return found


def _check_net(values: Mapping[str, Any], net: Net, conflict: Callable[..., None]) -> None:
    """What tricks need of the net and the losses."""
    for name in ("mixup", "cutmix"):
        if values.get(name):
            check_mixing(name, values.get("loss", {}), net, conflict)
    inputs = net.root.inputs[: net.root.own_inputs]
    if values.get("channels_last") and not any(len(getattr(each.type, "dims", ())) == 4 for each in inputs):
        conflict("channels_last", "net", "`channels_last` is for images, and no input of the net has four dims")
    if values.get("sync_batchnorm") and not any(
        each.cls and issubclass(each.cls, _BatchNorm) for each in modules(net.root)
    ):
        conflict("sync_batchnorm", "net", "`sync_batchnorm` is for batch norms, and the net has none")
    if values.get("distill"):
        check_distilling(values.get("loss", {}), net, conflict)


NEEDS = {"checkpoint": "the best checkpoint is found by evaluating, which is off",
         "early_stop": "stopping early is decided by evaluating, which is off",
         "schedule": "the schedule waits for evaluations, which are off"}  # fmt: skip


WATCHING = {"checkpoint": "best", "early_stop": "monitor"}
"""The argument of a setting that names a result of evaluations."""


def _monitored(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The settings that read a result of evaluations, with its name."""
    if values.get("checkpoint") and values["checkpoint"].best is not None:
        yield "checkpoint", values["checkpoint"].best
    if values.get("early_stop"):
        yield "early_stop", values["early_stop"].monitor


def _misfits(
    schedule: ScheduleChoice, settings: Mapping[str, Setting], values: Mapping[str, Any], data: DataSection | None
) -> Iterator[Diagnostic]:
    """A schedule whose times do not fit the run, or that watches what no evaluation has."""
    if not (values.get("epochs") and values.get("steps")):
        yield from schedule.check_length(values.get("epochs"), values.get("steps"))
    for result, span in schedule.monitors.items():
        if problem := _unmonitored("schedule", result, settings, values, data):
            other, message, advice = problem
            note = (Note(f"`{other}` is set here", settings[other].span),) if other in settings else ()
            yield Diagnostic("TN0803", "error", message, span, note, advice)


def _unmonitored(
    setting: str,
    result: str,
    settings: Mapping[str, Setting],
    values: Mapping[str, Any],
    data: DataSection | None,
) -> tuple[str, str, str | None] | None:
    """Why a setting cannot read a result of evaluations by that name: the other setting, the message and the help."""
    names = [
        "val.loss",
        *(f"val.loss.{name}" for name in values.get("loss", ()) if name),
        *(f"val.{each.name}" for each in values.get("metrics", ()) if each.is_number),
    ]
    if result not in names and ("metrics" in values or "metrics" not in settings):
        listed = ", ".join(f'"{name}"' for name in names)
        advice = did_you_mean(result, names) or f"there are {listed}"
        return "metrics", f'no number is called "{result}" in an evaluation', advice
    if "evaluate" in values and values["evaluate"] is None:
        return "evaluate", NEEDS[setting], None
    if not _can_evaluate(data):
        return "train", f'"{result}" needs data to evaluate on', NEEDED_DATA
    return None


NEEDED_DATA = "set `split` or `val` in `data`"


def _can_evaluate(data: DataSection | None) -> bool:
    """Whether there is something to evaluate on; data from Python may have it."""
    return data is None or bool({"val", "split"} & data.settings.keys())
