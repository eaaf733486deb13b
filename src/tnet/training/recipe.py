"""The `train` section: every setting checked, no data read and nothing built but to try it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..data.recipe import plain_value
from ..diagnostics import Diagnostic, Note, SpecError, did_you_mean, error, nearest
from ..ir.graph import Net
from ..ir.program import DataSection, Setting, TrainSection
from ..ir.values import Duration
from ..parameters.choice import OptimizerChoice
from ..source import Source, Span
from . import losses, metrics, optimizers, schedules
from .losses import LossChoice
from .metrics import MetricChoice
from .schedules import ScheduleChoice
from .settings import LATER, PLAIN, CheckpointChoice, CompileChoice, NormChoice

NEEDED = ("batch", "loss", "optimizer")


@dataclass(frozen=True)
class Update:
    """One loss, and the optimizer whose parameters it trains. Training of two players will have two."""

    loss: LossChoice
    optimizer: OptimizerChoice
    schedule: ScheduleChoice


@dataclass(frozen=True)
class Recipe:
    """What a `train` section says, defaults filled in. `given` has the settings as they are in force, for `run.yaml`;
    `spans` the place of each that is written."""

    name: str | None
    updates: tuple[Update, ...]
    batch: int
    epochs: int | None = None
    steps: int | None = None
    metrics: tuple[MetricChoice, ...] = ()
    seed: int = 0
    precision: str = "fp32"
    matmul: str = "highest"
    compile: CompileChoice = CompileChoice()
    device: str = "auto"
    threads: int | None = None
    deterministic: bool = False
    benchmark: bool = False
    evaluate: Duration | None = Duration(1, "epochs")
    checkpoint: CheckpointChoice | None = CheckpointChoice()
    log: tuple[str, ...] = ()
    log_every: int = 50
    clip_norm: NormChoice | None = None
    accumulate: int = 1
    weights: str | None = None
    spec: Source | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)

    @property
    def loss(self) -> LossChoice:
        return self.updates[0].loss

    @property
    def optimizer(self) -> OptimizerChoice:
        return self.updates[0].optimizer

    @property
    def schedule(self) -> ScheduleChoice:
        return self.updates[0].schedule

    def total_steps(self, steps_per_epoch: int) -> int:
        """Optimizer steps of the whole run."""
        return self.steps if self.steps is not None else self.epochs * steps_per_epoch


DEFAULTS: dict[str, Any] = {
    "seed": 0, "precision": "fp32", "matmul": "highest", "compile": True, "device": "auto", "evaluate": "1 epoch",
    "checkpoint": "Checkpoint(every=1 epoch, keep=2)", "log_every": 50,
}  # fmt: skip
"""What is in force where nothing is written, as a spec would write it."""

UNSET = frozenset({"epochs", "steps", "threads", "clip_norm", "weights"})
"""Settings that `none` takes back, as where the command line changes `epochs` for `steps`."""

SETTINGS = (*PLAIN, "loss", "optimizer", "schedule", "metrics")


def resolve(section: TrainSection, data: DataSection | None, net: Net | None) -> tuple[Recipe | None, list[Diagnostic]]:
    """The recipe of a section, or None where it cannot be followed, with all that is wrong with it.

    `data` says whether there is something to evaluate on; `net` what the loss and the metrics are given.
    """
    found: list[Diagnostic] = []
    values: dict[str, Any] = {}
    settings = section.settings

    def attempt(name: str, work: Callable[[], Any]) -> None:
        try:
            values[name] = work()
        except SpecError as problem:
            found.extend(problem.diagnostics)

    for setting in settings.values():
        if setting.name not in ("loss", "optimizer", "schedule", "metrics"):
            attempt(setting.name, lambda each=setting: _plain(each))
    if loss := settings.get("loss"):
        attempt("loss", lambda: losses.choose(loss.value, loss.value_span, net))
    if optimizer := settings.get("optimizer"):
        attempt("optimizer", lambda: optimizers.choose(optimizer.value, optimizer.value_span))
    attempt("schedule", lambda: _schedule(settings, values))
    if (metric := settings.get("metrics")) and "loss" in values:
        attempt("metrics", lambda: metrics.choose(metric.value, metric.value_span, values.get("loss"), net))
    found += _missing(section)
    found += _contradictions(settings, values, data)
    if any(each.is_error for each in found) or section.failed:
        return None, found
    return _recipe(section, values), found


def _plain(setting: Setting) -> Any:
    if setting.name in LATER:
        raise error("TN0001", f"the training setting `{setting.name}` is not done yet", setting.span)
    if setting.name not in PLAIN:
        advice = did_you_mean(setting.name, [*SETTINGS, *LATER])
        raise error("TN0801", f"unknown training setting `{setting.name}`", setting.span, help=advice)
    if setting.value is None and setting.name in UNSET:
        return None
    return PLAIN[setting.name](setting)


def _schedule(settings: Mapping[str, Setting], values: Mapping[str, Any]) -> ScheduleChoice:
    setting = settings.get("schedule")
    if setting is None:
        return ScheduleChoice()
    choice = schedules.choose(setting.value, setting.value_span, values.get("schedule_per"))
    if "optimizer" in values:
        choice.check(values["optimizer"])
    return choice


def _recipe(section: TrainSection, values: dict[str, Any]) -> Recipe:
    update = Update(values.pop("loss"), values.pop("optimizer"), values.pop("schedule"))
    fields = {name: value for name, value in values.items() if name not in ("schedule_per", "on_nan", "net")}
    given = {name: plain_value(setting.value) for name, setting in section.settings.items()}
    spans = {name: setting.value_span for name, setting in section.settings.items()}
    return Recipe(section.name, (update,), spec=section.span.source, given=DEFAULTS | given, spans=spans, **fields)


def _missing(section: TrainSection) -> list[Diagnostic]:
    start = section.span.start
    place = section.span.source.span(start, start + len("train"))
    written = section.settings.keys() | section.failed
    lacking = [name for name in NEEDED if name not in written]
    lengths = [name for name in ("epochs", "steps") if name in written]
    if all(name in section.settings and section.settings[name].value is None for name in lengths):
        lacking.insert(0, "epochs")
    mistyped = {nearest(each, lacking) for each in section.settings if each not in SETTINGS}
    return [
        Diagnostic("TN0802", "error", f"`train` sets no `{name}`", place) for name in lacking if name not in mistyped
    ]


def _contradictions(
    settings: Mapping[str, Setting], values: Mapping[str, Any], data: DataSection | None
) -> list[Diagnostic]:
    """Settings that cannot both hold, each at the one that is written later."""
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
    best = values["checkpoint"].best if values.get("checkpoint") else None
    if best is not None:
        _check_best(best, settings, values, data, conflict)
    return found


def _check_best(
    best: str, settings: Mapping[str, Setting], values: Mapping[str, Any], data: DataSection | None, conflict: Callable
) -> None:
    names = ["val.loss", *(f"val.{each.name}" for each in values.get("metrics", ()))]
    if best not in names and ("metrics" in values or "metrics" not in settings):
        listed = ", ".join(f'"{name}"' for name in names)
        advice = did_you_mean(best, names) or f"there are {listed}"
        conflict("checkpoint", "metrics", f'nothing is called "{best}" in an evaluation', advice)
    elif "evaluate" in values and values["evaluate"] is None:
        conflict("checkpoint", "evaluate", "the best checkpoint is found by evaluating, which is off")
    elif data is not None and not {"val", "split"} & data.settings.keys():
        conflict("checkpoint", "train", f'"{best}" needs data to evaluate on', "set `split` or `val` in `data`")
