"""Settings that contradict each other, the net or the data, found before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..diagnostics import Diagnostic, Note, did_you_mean
from ..ir.graph import Net
from ..ir.program import DataSection, Setting
from .mixing import check_mixing


def contradictions(
    settings: Mapping[str, Setting], values: Mapping[str, Any], data: DataSection | None, net: Net | None
) -> list[Diagnostic]:
    """What cannot hold together, each at the setting that is written later."""
    found = []

    def conflict(name: str, other: str, message: str, help: str | None = None) -> None:
        note = (Note(f"`{other}` is set here", settings[other].span),) if other in settings else ()
        found.append(Diagnostic("TN0803", "error", message, settings[name].span, note, help))

    if values.get("epochs") and values.get("steps"):
        conflict("steps", "epochs", "`epochs` and `steps` both say how long to train", "leave one of them out")
    if values.get("deterministic") and values.get("benchmark"):
        conflict("benchmark", "deterministic", "`benchmark` picks the fastest algorithms, `deterministic` certain ones")
    parts, batch = values.get("accumulate", 1), values.get("batch", 1)
    if batch % parts:
        conflict("accumulate", "batch", f"a batch of {batch} cannot be computed in {parts} equal parts")
    if "schedule_per" in settings and "schedule" not in settings:
        conflict("schedule_per", "schedule", "`schedule_per` is set, but there is no `schedule`")
    for name in ("mixup", "cutmix"):
        if values.get(name) and values.get("loss") and net is not None:
            check_mixing(name, values["loss"], net, conflict)
    if values.get("on_nan") == "rollback" and "checkpoint" in values and values["checkpoint"] is None:
        conflict("on_nan", "checkpoint", "`rollback` goes back to a checkpoint, and none is kept")
    best = values["checkpoint"].best if values.get("checkpoint") else None
    if best is not None:
        _check_monitored("checkpoint", best, settings, values, data, conflict)
    if values.get("early_stop"):
        _check_monitored("early_stop", values["early_stop"].monitor, settings, values, data, conflict)
    return found


NEEDS = {"checkpoint": "the best checkpoint is found by evaluating, which is off",
         "early_stop": "stopping early is decided by evaluating, which is off"}  # fmt: skip


def _check_monitored(
    setting: str,
    result: str,
    settings: Mapping[str, Setting],
    values: Mapping[str, Any],
    data: DataSection | None,
    conflict: Callable,
) -> None:
    """A setting reads a result of evaluations by name: there is such a number, and there are evaluations."""
    names = ["val.loss", *(f"val.{each.name}" for each in values.get("metrics", ()) if each.is_number)]
    if result not in names and ("metrics" in values or "metrics" not in settings):
        listed = ", ".join(f'"{name}"' for name in names)
        advice = did_you_mean(result, names) or f"there are {listed}"
        conflict(setting, "metrics", f'no number is called "{result}" in an evaluation', advice)
    elif "evaluate" in values and values["evaluate"] is None:
        conflict(setting, "evaluate", NEEDS[setting])
    elif data is not None and not {"val", "split"} & data.settings.keys():
        conflict(setting, "train", f'"{result}" needs data to evaluate on', "set `split` or `val` in `data`")
