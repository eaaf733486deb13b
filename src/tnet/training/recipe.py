"""The `train` section: every setting checked, no data read and nothing built but to try it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..data.recipe import plain_value
from ..diagnostics import Diagnostic, SpecError, did_you_mean, error, nearest
from ..ir.graph import Net
from ..ir.program import DataSection, Setting, TrainSection
from ..ir.values import Call, Duration
from ..parameters import RuleTable, groups
from ..parameters.choice import OptimizerChoice, all_option_names, choose
from ..parameters.values import NormChoice
from ..source import Source, Span
from . import losses, metrics, schedules
from .choices import CheckpointChoice, CompileChoice, DistillChoice, PatienceChoice, ProfileChoice, SwaChoice
from .contradictions import contradictions
from .loss_expressions import ExpressionChoice
from .losses import LossChoice
from .metrics import MetricChoice
from .schedules import ScheduleChoice
from .settings import ELSEWHERE, LATER, PLAIN

NEEDED = ("batch", "loss", "optimizer")


@dataclass(frozen=True)
class Update:
    """Losses by name, a single one's is empty, and the optimizer whose parameters they train."""

    losses: Mapping[str, LossChoice | ExpressionChoice]
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
    dtype: str | None = None
    matmul: str = "highest"
    compile: CompileChoice = CompileChoice()
    device: str = "auto"
    threads: int | None = None
    deterministic: bool = False
    benchmark: bool = False
    channels_last: bool = False
    sync_batchnorm: bool = False
    anomaly: bool = False
    evaluate: Duration | None = Duration(1, "epochs")
    checkpoint: CheckpointChoice | None = CheckpointChoice()
    log: tuple[str, ...] = ()
    log_every: int = 50
    clip_norm: NormChoice | None = None
    clip_value: float | None = None
    mixup: float | None = None
    cutmix: float | None = None
    ema: float | None = None
    swa: SwaChoice | None = None
    distill: DistillChoice | None = None
    early_stop: PatienceChoice | None = None
    profile: ProfileChoice | None = None
    snoop: bool = False
    accumulate: int = 1
    on_nan: str = "stop"
    weights: str | None = None
    spec: Source | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)

    @property
    def losses(self) -> Mapping[str, LossChoice | ExpressionChoice]:
        return self.updates[0].losses

    @property
    def loss(self) -> LossChoice | ExpressionChoice:
        """The one that tells what targets are."""
        return losses.predicting(self.losses)

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

NONE = ScheduleChoice()
"""The schedule where none is written."""

UNSET = frozenset(
    {"epochs", "steps", "threads", "devices", "clip_norm", "clip_value", "mixup", "cutmix", "ema", "swa", "distill",
     "early_stop", "profile", "dtype", "weights"}
)  # fmt: skip
"""Settings that `none` takes back, as where the command line changes `epochs` for `steps`."""

SETTINGS = (*PLAIN, "loss", "optimizer", "schedule", "metrics")


def resolve(
    section: TrainSection,
    data: DataSection | None,
    net: Net | None,
    table: RuleTable | None = None,
    chosen: losses.Choices | None = None,
) -> tuple[Recipe | None, list[Diagnostic]]:
    """The recipe of a section, or None where it cannot be followed, with all that is wrong with it.

    `data` says whether there is something to evaluate on; `net` what the loss and the metrics are given; `table` which
    parameters have an optimizer or a schedule of their own; `chosen` are the losses, where they are known to be right.
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
    if chosen is not None:
        values["loss"] = chosen
    elif loss := settings.get("loss"):
        attempt("loss", lambda: losses.choose_all(loss.value, loss.value_span, net, has_open_fields(data)))
        if values.get("loss") is None:
            values.pop("loss", None)
    if optimizer := settings.get("optimizer"):
        attempt("optimizer", lambda: choose(optimizer.value, optimizer.value_span))
    attempt("schedule", lambda: _schedule(settings, values))
    if metric := settings.get("metrics"):
        known = net if "loss" in values else None
        predicting = losses.predicting(values["loss"]) if known else None
        attempt("metrics", lambda: metrics.choose(metric.value, metric.value_span, predicting, known))
    found += _missing(section)
    found += contradictions(settings, values, data, net, section.failed, _scheduled(values, table))
    if any(each.is_error for each in found) or section.failed or "loss" not in values:
        return None, found
    return _recipe(section, values), found


def losses_of(section: TrainSection, data: DataSection | None, net: Net) -> losses.Choices | None:
    """The losses of a section, None where they are not right."""
    setting = section.settings.get("loss")
    try:
        return losses.choose_all(setting.value, setting.value_span, net, has_open_fields(data)) if setting else None
    except SpecError:
        return None


def _plain(setting: Setting) -> Any:
    if setting.name in LATER:
        raise error(
            "TN0001", f"the training setting `{setting.name}` is not done yet", setting.span, help=LATER[setting.name]
        )
    if setting.name not in PLAIN:
        own = ELSEWHERE.get(setting.name) or _of_a_call(setting.name)
        advice = own or did_you_mean(setting.name, [*SETTINGS, *LATER])
        raise error("TN0801", f"unknown training setting `{setting.name}`", setting.span, help=advice)
    if setting.value is None and setting.name in UNSET:
        return None
    return PLAIN[setting.name](setting)


def _of_a_call(name: str) -> str | None:
    """Where an option of the optimizer stands, which is no setting itself."""
    option = name.rpartition(".")[2]
    return (
        f"it is an argument of the optimizer: `optimizer = SGD({option}=…)`" if option in all_option_names() else None
    )


def _schedule(settings: Mapping[str, Setting], values: Mapping[str, Any]) -> ScheduleChoice:
    setting = settings.get("schedule")
    return schedules.choose(setting.value, setting.value_span, values.get("schedule_per")) if setting else NONE


def _scheduled(values: Mapping[str, Any], table: RuleTable | None) -> list[tuple[ScheduleChoice, OptimizerChoice]]:
    """Each schedule, of the recipe or of a rule, with each optimizer whose rates it sets."""
    trained = [group for group in groups(table) if group.is_trained and group.optimizer] if table else []
    pairs = [(group.schedule or values.get("schedule"), group.optimizer) for group in trained]
    pairs = pairs or [(values.get("schedule"), values.get("optimizer"))]
    return list({(id(schedule), id(optimizer)): (schedule, optimizer) for schedule, optimizer in pairs}.values())


def _recipe(section: TrainSection, values: dict[str, Any]) -> Recipe:
    update = Update(values.pop("loss"), values.pop("optimizer"), values.pop("schedule"))
    fields = {name: value for name, value in values.items() if name not in ("schedule_per", "net")}
    if fields.get("anomaly"):
        fields["compile"] = CompileChoice(False)  # autograd looks at each function, which a graph no longer has
    given = {name: plain_value(setting.value) for name, setting in section.settings.items()}
    spans = {name: setting.value_span for name, setting in section.settings.items()}
    if chosen := fields.pop("devices", None):
        fields["device"], spans["device"] = chosen, spans["devices"]
    if any(each.is_expression for each in update.losses.values()) or "" not in update.losses:
        given["loss"] = spans["loss"].text
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


def has_open_fields(data: DataSection | None) -> bool:
    """Whether samples may have fields besides the net's inputs and `target`: from files of tensors and from Python."""
    train = data.settings.get("train") if data else None
    return train is None or not isinstance(train.value, Call) or train.value.name == "Tensors"
