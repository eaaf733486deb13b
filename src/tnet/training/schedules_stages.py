"""Stages of a schedule: a class of torch.optim.lr_scheduler, its arguments, and their times in moves."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import LRScheduler

from ..ir.values import Duration
from ..parameters.arguments import parameters
from ..source import Span

TIMES = ("T_max", "T_0", "total_iters", "total_steps", "step_size", "step_size_up", "step_size_down", "milestones")
"""Arguments that count time: durations in a spec, moves for the class."""

FILLED = ("T_max", "total_iters", "total_steps")
"""Those that are the stage's length where they are not written."""

RATES = ("eta_min", "max_lr", "min_lr", "base_lr")
"""Arguments that are learning rates: they are those of a group at the optimizer's own rate."""

HIDDEN = ("optimizer", "last_epoch", "verbose", "epochs", "steps_per_epoch", "scale_fn")


@cache
def schedule_classes() -> dict[str, type[LRScheduler]]:
    """The classes of torch.optim.lr_scheduler by name."""
    found = {name: each for name, each in vars(lr_scheduler).items() if inspect.isclass(each)}
    is_base = (LRScheduler, lr_scheduler._LRScheduler)
    return {name: each for name, each in sorted(found.items()) if issubclass(each, LRScheduler) and each not in is_base}


@cache
def arguments_of(cls: type[LRScheduler]) -> dict[str, inspect.Parameter]:
    """The arguments that a spec may give to a class: times are durations, lists with a value a group are left out."""
    allowed: dict[str, inspect.Parameter] = {}
    for name, each in parameters(cls).items():
        if name in TIMES:
            hint = list[Duration] if name == "milestones" else Duration
            allowed[name] = each.replace(annotation=hint, default=None if name in FILLED else each.default)
        elif name not in HIDDEN:
            allowed[name] = each.replace(annotation=_for_all_groups(each.annotation))
    return allowed


def _for_all_groups(hint: Any) -> Any:
    members = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else ()
    return typing.Union[tuple(each for each in members if typing.get_origin(each) is not list)] if members else hint


@dataclass(frozen=True)
class Stage:
    """A class with its arguments, times among them as durations; `duration` is None for what is left of the run."""

    cls: type[LRScheduler]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    duration: Duration | None = None
    span: Span | None = None

    @property
    def name(self) -> str:
        return self.cls.__name__

    @property
    def cycles_momentum(self) -> bool:
        allowed = arguments_of(self.cls)
        return "cycle_momentum" in allowed and self.arguments.get("cycle_momentum", allowed["cycle_momentum"].default)

    def in_moves(self, length: int, moves_per_epoch: int) -> dict[str, Any]:
        """The arguments for a stage of `length` moves."""
        filled = {name: length for name in FILLED if name in arguments_of(self.cls)}
        return filled | {name: _in_moves(value, moves_per_epoch) for name, value in self.arguments.items()}


def _in_moves(value: Any, moves_per_epoch: int) -> Any:
    if isinstance(value, Duration):
        return max(1, round(value.value * (moves_per_epoch if value.unit == "epochs" else 1)))
    return [_in_moves(item, moves_per_epoch) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class TimedStage:
    """A stage in moves: where it starts, how long it is, and its arguments with times in moves."""

    stage: Stage
    start: int
    length: int
    arguments: Mapping[str, Any]
