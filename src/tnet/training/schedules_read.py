"""The value of `schedule = …` to stages, checked."""

from __future__ import annotations

from ..diagnostics import did_you_mean, error
from ..ir.values import Call, Combined, Duration, StagedValue
from ..parameters.arguments import bind, lowered, show
from ..source import Span
from .schedules_run import StandIn
from .schedules_stages import TIMES, Stage, arguments_of, schedule_classes

LATER = ("ReduceLROnPlateau", "Lambda", "LambdaLR", "MultiplicativeLR")
WRITTEN_OTHERWISE = {
    "SequentialLR": "join schedules in time with `->`: `LinearLR for 5 epochs -> CosineAnnealingLR`",
    "ChainedScheduler": "join schedules in time with `->`",
}


def read_stage(staged: StagedValue, per: str | None, is_last: bool) -> Stage:
    """A stage of a schedule. Raises SpecError for what is none."""
    call = _call(staged)
    cls = schedule_classes().get(call.name)
    span = call.span or staged.span
    if call.name in LATER:
        raise error("TN0001", f"the schedule `{call.name}` is not done yet", span)
    if cls is None or call.name in WRITTEN_OTHERWISE:
        names = [name for name in (*schedule_classes(), *LATER) if name not in WRITTEN_OTHERWISE]
        help = WRITTEN_OTHERWISE.get(call.name) or did_you_mean(call.name, names)
        what = "is not written in a spec" if cls else "is no schedule of torch.optim.lr_scheduler"
        raise error("TN0802", f"`{call.name}` {what}", span,
                    help=help or f"there are {', '.join(f'`{name}`' for name in names)}")  # fmt: skip
    if per is None and not any(name in TIMES for name in arguments_of(cls)):
        raise error(
            "TN0802", f"`{call.name}` names no time, so it needs `schedule_per`", span,
            help='write `schedule_per = "epoch"` or `schedule_per = "step"`',
        )  # fmt: skip
    _check_length(staged, per, is_last)
    arguments, spans = bind(call, arguments_of(cls), "TN0802", span)
    for name, value in arguments.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Duration):
                _check_duration(each, per, 1, spans[name])
    stage = Stage(cls, arguments, staged.duration, staged.span or span)
    moves = SAMPLE if is_last else SAMPLE - 1
    if complaint := _complaint(stage, moves):
        blamed = next((name for name in arguments if not _complaint(_without(stage, name), moves)), None)
        raise error("TN0802", f"`{call.name}` rejects this: {lowered(complaint)}", spans.get(blamed) or span)
    return stage


def _call(staged: StagedValue) -> Call:
    value = staged.value
    if isinstance(value, str):  # from the command line, where a name that means nothing is text
        return Call(value, span=staged.span)
    if isinstance(value, Combined):
        raise error("TN0001", f"`{value.op}` of schedules is not done yet", value.span or staged.span)
    if not isinstance(value, Call):
        raise error(
            "TN0802", f"{show(value)} is no schedule", staged.span,
            help="write a class of torch.optim.lr_scheduler, such as `CosineAnnealingLR`",
        )  # fmt: skip
    return value


def _check_length(staged: StagedValue, per: str | None, is_last: bool) -> None:
    if staged.duration is None:
        if not is_last:
            raise error(
                "TN0802",
                "a stage before the last needs a length",
                staged.span,
                help=f"write `{show(staged.value)} for 5 epochs`",
            )
        return
    if not isinstance(staged.duration, Duration):
        number = show(staged.duration)
        raise error("TN0802", f"the length of a stage is a duration, found {number}", staged.span,
                    help=f"write `for {number} epochs` or `for {number} steps`")  # fmt: skip
    _check_duration(staged.duration, per, 0, staged.span)


def _check_duration(duration: Duration, per: str | None, least: int, span: Span | None) -> None:
    if duration.unit == "steps" and duration.value != int(duration.value):
        raise error("TN0802", f"`{duration}` is no whole number of steps", span)
    if duration.value < least and (duration.value <= 0 or duration.unit == "steps"):
        raise error("TN0802", f"`{duration}` is too short", span)
    if per == "epoch" and (duration.unit == "steps" or duration.value != int(duration.value)):
        raise error(
            "TN0803", f"a schedule that moves once an epoch cannot count `{duration}`", span,
            help='write whole epochs, or `schedule_per = "step"`',
        )  # fmt: skip


SAMPLE = 100
"""The length in moves of the run that a stage is tried on, of 10 epochs."""


def _complaint(stage: Stage, moves: int) -> str | None:
    """What the class itself says against the arguments of a stage, when constructed or on its way."""
    optimizer = StandIn({"lr": 1.0, **({"momentum": 0.0} if stage.cycles_momentum else {})})
    try:
        scheduler = stage.cls(optimizer, **stage.in_moves(SAMPLE, SAMPLE // 10))
        for _ in range(moves):
            scheduler.step()
    except (ValueError, TypeError, ArithmeticError) as problem:
        return str(problem)
    return None


def _without(stage: Stage, name: str) -> Stage:
    return Stage(stage.cls, {key: value for key, value in stage.arguments.items() if key != name})
