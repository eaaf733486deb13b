"""The value of `schedule = …` to stages, checked."""

from __future__ import annotations

import math
import warnings

from torch.optim.lr_scheduler import LRScheduler

from ...diagnostics import Diagnostic, Note, SpecError, did_you_mean, error
from ...ir.values import Call, Combined, Duration, StagedValue
from ...parameters.arguments import bind, lowered, show
from ...source import Span
from .catalog import JOINED, TIMES, arguments_of, names_a_time, schedule_classes
from .running import StandIn
from .stages import Clock, Factor, Stage


def read_stage(staged: StagedValue, per: str | None, is_last: bool) -> Stage:
    """A stage of a schedule. Raises SpecError with all that is wrong with it."""
    factors: list[Factor] = []
    wrong: list[Diagnostic] = []
    try:
        _check_length(staged, per, is_last)
    except SpecError as problem:
        wrong += problem.diagnostics
    for value in _product(staged.value):
        try:
            factors.append(_factor(value, staged, per, is_last))
        except SpecError as problem:
            wrong += problem.diagnostics
    if not wrong:
        wrong += _conflicts(factors)
    if wrong:
        raise SpecError(wrong)
    return Stage(tuple(factors), staged.duration, staged.span)


def _product(value: object) -> list[object]:
    if isinstance(value, Combined) and value.op == "*":
        return [each for part in value.parts for each in _product(part)]
    return [value]


def _conflicts(factors: list[Factor]) -> list[Diagnostic]:
    """Two factors may not both set the momentum."""
    cycling = [factor for factor in factors if factor.cycles_momentum]
    return [
        Diagnostic(
            "TN0803", "error", f"`{other.name}` cycles momentum, and so does `{cycling[0].name}`", other.span,
            (Note(f"`{cycling[0].name}` is here", cycling[0].span),), "write `cycle_momentum=false` in one of them",
        )
        for other in cycling[1:]
    ]  # fmt: skip


def _factor(value: object, staged: StagedValue, per: str | None, is_last: bool) -> Factor:
    call = _call(value, staged)
    span = call.span or staged.span
    cls = _class(call, span)
    if per is None and not names_a_time(cls):
        raise error(
            "TN0802", f"`{call.name}` names no time, so it needs `schedule_per`", span,
            help='write `schedule_per = "epoch"` or `schedule_per = "step"`',
        )  # fmt: skip
    arguments, spans = bind(call, arguments_of(cls), "TN0802", span)
    for name in TIMES:
        for each in _listed(arguments.get(name, [])):
            check_duration(each, per, 1, spans[name])
    factor = Factor(cls, arguments, span, spans)
    if factor.monitor and not is_last:
        raise error("TN0802", f"`{factor.name}` has no end, so it can only be in the last stage", span,
                    help="put it last, or multiply the last stage with it: `A -> B * ReduceLROnPlateau`")  # fmt: skip
    if complaint := _complaint(factor, per, is_last):
        blamed = _blamed(factor, per, is_last)
        raise error("TN0802", f"`{call.name}` rejects this: {lowered(complaint)}", spans.get(blamed) or span)
    return factor


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _call(value: object, staged: StagedValue) -> Call:
    if isinstance(value, str):  # from the command line, where a name that means nothing is text
        return Call(value, span=staged.span)
    if isinstance(value, Combined):
        raise error("TN0802", f"schedules are not joined by `{value.op}`", value.span or staged.span,
                    help="`A for 5 epochs -> B` is one after another, `A * B` the product")  # fmt: skip
    if not isinstance(value, Call):
        raise error(
            "TN0802", f"{show(value)} is no schedule", staged.span,
            help="write a class of torch.optim.lr_scheduler, such as `CosineAnnealingLR`",
        )  # fmt: skip
    return value


def _class(call: Call, span: Span | None) -> type[LRScheduler]:
    classes = schedule_classes()
    if call.name in JOINED:
        raise error("TN0802", f"`{call.name}` is not written in a spec", span, help=JOINED[call.name])
    if call.name not in classes:
        advice = did_you_mean(call.name, classes) or f"there are {', '.join(f'`{name}`' for name in classes)}"
        at = call.name_span or span
        raise error("TN0802", f"`{call.name}` is no schedule of torch.optim.lr_scheduler", at, help=advice)
    return classes[call.name]


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
    check_duration(staged.duration, per, 0, staged.span)


def check_duration(duration: Duration, per: str | None, least: int, span: Span | None) -> None:
    """Raises SpecError for a time that is negative, too short, or cannot be counted in moves."""
    if duration.unit == "steps" and duration.value != int(duration.value):
        raise error("TN0802", f"`{duration}` is no whole number of steps", span)
    if duration.value < 0:
        raise error("TN0802", f"`{duration}` is negative", span)
    if duration.value < least and (duration.value <= 0 or duration.unit == "steps"):
        raise error("TN0802", f"`{duration}` is too short", span)
    if per == "epoch" and (duration.unit == "steps" or duration.value != int(duration.value)):
        raise error(
            "TN0803", f"a schedule that moves once an epoch cannot count `{duration}`", span,
            help='write whole epochs, or `schedule_per = "step"`',
        )  # fmt: skip


SAMPLE = 100
"""The length in moves of the run that a stage is tried on, of 10 epochs or, where epochs move it, of as many."""


def _blamed(factor: Factor, per: str | None, is_last: bool) -> str | None:
    """The argument at fault: the one whose default would end the complaint, else one below zero, else the only one."""
    given = factor.arguments
    mended = (name for name in given if not _complaint(factor.without(name), per, is_last))
    negative = (name for name, value in given.items() if isinstance(value, int | float) and value < 0)
    return next(mended, None) or next(negative, None) or (next(iter(given)) if len(given) == 1 else None)


def _complaint(factor: Factor, per: str | None, is_last: bool) -> str | None:
    """What the class itself says against its arguments, when constructed or on its way, and rates below zero.

    An expression is only tried at the start: how far it will be asked is not known here.
    """
    optimizer = StandIn({"lr": 1.0, **({"momentum": 0.0} if factor.cycles_momentum else {})})
    timed = factor.in_moves(SAMPLE, Clock(1) if per == "epoch" else Clock(SAMPLE // 10))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler = timed.cls(optimizer, **timed.arguments)
        for move in range(1 if timed.expression or timed.monitor else SAMPLE):
            if not (optimizer.rate >= 0 and math.isfinite(optimizer.rate)):
                return f"it leads to the learning rate {optimizer.rate:g}"
            if not timed.monitor and (is_last or move + 1 < SAMPLE):
                scheduler.step()
    except (ValueError, TypeError, ArithmeticError) as problem:
        return str(problem)
    return None
