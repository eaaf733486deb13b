"""The classes of torch.optim.lr_scheduler, and what a spec may give to each."""

from __future__ import annotations

import inspect
import types
import typing
from functools import cache
from typing import Any

from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from ...ir.values import Duration, Expression
from ...parameters.arguments import parameters

TIMES = ("T_max", "T_0", "total_iters", "total_steps", "step_size", "step_size_up", "step_size_down", "milestones")
"""Arguments that count time: durations in a spec, moves for the class."""

FILLED = ("T_max", "total_iters", "total_steps")
"""Those that are the stage's length where they are not written."""

RATES = ("eta_min", "max_lr", "min_lr", "base_lr")
"""Arguments that are learning rates: they are those of a group at the optimizer's own rate."""

MONITOR, MODE = "monitor", "mode"
"""Arguments of `ReduceLROnPlateau`: the result that it watches, and whether less or more of it is better."""

EXPRESSION = "lr_lambda"
"""The argument that is a function of time: an expression of `epoch` or `step` in a spec."""

SHORT = {"Lambda": "LambdaLR"}
"""Names of the language for classes that torch calls otherwise."""

JOINED = {
    "SequentialLR": "join schedules in time with `->`: `LinearLR for 5 epochs -> CosineAnnealingLR`",
    "ChainedScheduler": "multiply schedules with `*`: `LinearLR(total_iters=5 epochs) * StepLR(30 epochs)`",
}
"""Classes that put others together, and what is written in their place."""

HIDDEN = ("optimizer", "last_epoch", "verbose", "epochs", "steps_per_epoch", "scale_fn")


@cache
def schedule_classes() -> dict[str, type[LRScheduler]]:
    """The classes that a spec may name, by the names it may use."""
    found = {name: each for name, each in sorted(vars(lr_scheduler).items()) if inspect.isclass(each)}
    base = (LRScheduler, lr_scheduler._LRScheduler)
    classes = {name: each for name, each in found.items() if issubclass(each, LRScheduler) and each not in base}
    named = {name: each for name, each in classes.items() if name not in JOINED}
    return named | {short: classes[name] for short, name in SHORT.items()}


@cache
def arguments_of(cls: type[LRScheduler]) -> dict[str, inspect.Parameter]:
    """The arguments that a spec may give to a class: times are durations, lists with a value a group are left out."""
    allowed: dict[str, inspect.Parameter] = {}
    for name, each in parameters(cls).items():
        if name in TIMES:
            hint = list[Duration] if name == "milestones" else Duration
            allowed[name] = each.replace(annotation=hint, default=None if name in FILLED else each.default)
        elif name == EXPRESSION:
            allowed[name] = each.replace(annotation=Expression)
        elif name not in HIDDEN:
            allowed[name] = each.replace(annotation=_for_all_groups(each.annotation))
    if cls is ReduceLROnPlateau:
        monitor = inspect.Parameter(MONITOR, inspect.Parameter.KEYWORD_ONLY, default="val.loss", annotation=str)
        allowed[MONITOR] = monitor
    return allowed


def names_a_time(cls: type[LRScheduler]) -> bool:
    """Whether an argument of the class, or what it watches, says when it moves."""
    return any(name in (*TIMES, MONITOR) for name in arguments_of(cls))


def _for_all_groups(hint: Any) -> Any:
    members = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else ()
    return typing.Union[tuple(each for each in members if typing.get_origin(each) is not list)] if members else hint
