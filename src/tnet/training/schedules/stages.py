"""Stages of a schedule: classes of torch.optim.lr_scheduler with their arguments, and their times in moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from torch.optim.lr_scheduler import LRScheduler

from ...diagnostics import error
from ...elaborate.deferred import evaluate_with
from ...ir.values import Duration, Expression
from ...parameters.arguments import show
from ...source import Span
from .catalog import EXPRESSION, FILLED, MONITOR, TIMES, arguments_of


@dataclass(frozen=True)
class Clock:
    """What a move of a schedule is: so many optimizer steps, of epochs of so many."""

    steps_per_epoch: int
    steps_per_move: int = 1

    @property
    def moves_per_epoch(self) -> int:
        return self.steps_per_epoch // self.steps_per_move

    def names(self, moves: int) -> dict[str, int | float]:
        """What `epoch` and `step` are after so many moves; epochs are whole where a move is one."""
        whole = self.moves_per_epoch == 1
        return {"epoch": moves if whole else moves / self.moves_per_epoch, "step": moves * self.steps_per_move}

    def moves(self, duration: Duration) -> int:
        """The moves nearest to a duration, at least one."""
        return max(1, round(duration.value * (self.moves_per_epoch if duration.unit == "epochs" else 1)))


@dataclass(frozen=True)
class Factor:
    """A class with its arguments, times among them as durations; `spans` are the places of the arguments."""

    cls: type[LRScheduler]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    span: Span | None = None
    spans: Mapping[str, Span | None] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        return self.cls.__name__

    @property
    def cycles_momentum(self) -> bool:
        allowed = arguments_of(self.cls)
        return "cycle_momentum" in allowed and self.arguments.get("cycle_momentum", allowed["cycle_momentum"].default)

    @property
    def monitor(self) -> str | None:
        """The result of evaluations that the class watches, if it does."""
        allowed = arguments_of(self.cls)
        return self.arguments.get(MONITOR, allowed[MONITOR].default) if MONITOR in allowed else None

    @property
    def times(self) -> dict[str, tuple[Duration, ...]]:
        """The arguments that are durations."""
        given = {name: self.arguments[name] for name in TIMES if name in self.arguments}
        return {name: tuple(value) if isinstance(value, list) else (value,) for name, value in given.items()}

    def in_moves(self, length: int, clock: Clock) -> TimedFactor:
        """The class as it runs in a stage of `length` moves."""
        filled = {name: length for name in FILLED if name in arguments_of(self.cls)}
        arguments = {name: value for name, value in self.arguments.items() if name != MONITOR}
        given = {name: _in_moves(value, length, clock) for name, value in arguments.items()}
        return TimedFactor(self.cls, filled | given, self.monitor, self.cycles_momentum)

    def without(self, name: str) -> Factor:
        """The same with the default of an argument."""
        return Factor(self.cls, {key: value for key, value in self.arguments.items() if key != name}, self.span)


def _in_moves(value: Any, length: int, clock: Clock) -> Any:
    if isinstance(value, Duration):
        return clock.moves(value)
    if isinstance(value, Expression):
        return partial(_value_at, value, length, clock)
    return [_in_moves(item, length, clock) for item in value] if isinstance(value, list) else value


def _value_at(expression: Expression, length: int, clock: Clock, moves: int) -> float:
    """An expression of `epoch` or `step` after so many moves. Raises SpecError where it is no number.

    The last move of a run sets a rate that no step uses: an expression is not asked for it.
    """
    names = clock.names(min(moves, length - 1))
    value = evaluate_with(expression, names)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        at = f"step {names['step']} (epoch {names['epoch']:.6g}) of its stage"
        raise error("TN0802", f"this is {show(value)} at {at}, not a number", expression.span)
    return value


@dataclass(frozen=True)
class Stage:
    """The product of `factors`; `duration` is None for what is left of the run."""

    factors: tuple[Factor, ...]
    duration: Duration | None = None
    span: Span | None = None

    @property
    def name(self) -> str:
        return " * ".join(factor.name for factor in self.factors)


@dataclass(frozen=True)
class TimedFactor:
    """A class with the arguments that it takes, times in moves; `monitor` names the result that it watches."""

    cls: type[LRScheduler]
    arguments: Mapping[str, Any]
    monitor: str | None = None
    cycles_momentum: bool = False

    @cached_property
    def expression(self) -> Callable[[int], float] | None:
        """The function of moves that the class is given, if it is one of those that take one."""
        return self.arguments.get(EXPRESSION)


@dataclass(frozen=True)
class TimedStage:
    """A stage in moves: where it starts and how long it is."""

    name: str
    start: int
    length: int
    factors: tuple[TimedFactor, ...]
