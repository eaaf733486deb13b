"""The schedule that a spec chose: its stages, checked, and what they give over a run."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from torch.optim import Optimizer

from ...diagnostics import Diagnostic, Note, SpecError, error
from ...ir.values import StagedValue, Stages
from ...parameters.choice import OptimizerChoice
from ...source import Span
from .catalog import EXPRESSION
from .lengths import Length, length_of, misfit
from .reading import read_stage
from .running import Scheduler, Timeline, Track
from .stages import Clock, Stage, TimedStage

TRIED = 1000
"""Moves at which an expression of time is tried before a run, evenly over its stage."""


@dataclass(frozen=True)
class ScheduleChoice:
    """The schedule of a recipe or rule; without stages, constant rates. `per` is what a move is: "step" or "epoch"."""

    stages: tuple[Stage, ...] = ()
    per: str = "step"
    span: Span | None = None

    def build(
        self,
        optimizer: Optimizer,
        steps_per_epoch: int,
        total_steps: int,
        others: Mapping[str, ScheduleChoice] | None = None,
        maximized: frozenset[str] = frozenset(),
    ) -> Scheduler:
        """The scheduler of an optimizer for a run of `total_steps` optimizer steps; its `step()` is called after each.

        `others` are schedules of their own by the names of parameter groups; `maximized` names the results of
        evaluations of which more is better, for schedules that watch one. Raises SpecError as `timeline` does.
        """
        lines = {
            name: choice.timeline(steps_per_epoch, total_steps, maximized) for name, choice in (others or {}).items()
        }
        return Scheduler(optimizer, self.timeline(steps_per_epoch, total_steps, maximized), lines)

    def curve(self, rate: float, own_rate: float, steps_per_epoch: int, total_steps: int) -> list[float]:
        """The learning rate of each step of a run, for a group at `rate` where the optimizer's own rate is `own_rate`.

        What watches the results of evaluations is taken to find each better than the last. Raises SpecError as
        `timeline` does, and where a rate is negative or no number.
        """
        line = self.timeline(steps_per_epoch, total_steps)
        track = Track({"lr": rate} | ({"momentum": 0.0} if line.cycles_momentum else {}), own_rate, line)
        rates: list[float] = []
        for step in range(total_steps):
            if step and step % line.clock.steps_per_move == 0:
                track.move()
            rates.append(track.options["lr"])
        return rates

    def check(self, optimizer: OptimizerChoice) -> Iterator[Diagnostic]:
        """Stages that cycle a momentum which the optimizer does not have."""
        for factor in (each for stage in self.stages for each in stage.factors):
            if factor.cycles_momentum and not {"momentum", "betas"} & optimizer.own.keys():
                message = f"`{factor.name}` cycles momentum, which `{optimizer.name}` does not have"
                note = (Note("the optimizer is chosen here", optimizer.span),)
                yield Diagnostic("TN0803", "error", message, factor.span, note, "write `cycle_momentum=false`")

    def check_length(self, epochs: float | None = None, steps: int | None = None) -> Iterator[Diagnostic]:
        """What is wrong with times in the unit of the run's length, and with rates that are counted in it; `timeline`
        finds out the rest, once it is known how many steps an epoch has."""
        for length, unit in ((epochs, "epochs"), (steps, "steps")):
            if length is not None:
                yield from (found := list(Length(unit, length).objections(self.stages)))
                if not any(each.is_error for each in found) and self._is_known_in(unit):
                    yield from self._wrong_rates(length)

    def _is_known_in(self, unit: str) -> bool:
        """Whether the rates depend on the time in one unit alone."""
        times = [time for stage in self.stages for factor in stage.factors for time in chain(*factor.times.values())]
        times += [stage.duration for stage in self.stages if stage.duration]
        texts = [factor.spans[EXPRESSION].text for stage in self.stages for factor in stage.factors
                 if EXPRESSION in factor.spans]  # fmt: skip
        others = re.compile(r"\bstep\b" if unit == "epochs" else r"\bepoch\b")
        same = all(time.unit == unit for time in times) and not any(map(others.search, texts))
        return bool(texts) and same and self.per == unit.removesuffix("s")

    def _wrong_rates(self, length: int) -> Sequence[Diagnostic]:
        try:
            self.curve(1.0, 1.0, 1, length)
        except SpecError as problem:
            return problem.diagnostics
        return ()

    @property
    def monitors(self) -> Mapping[str, Span | None]:
        """The results of evaluations that the schedule watches, with the places where it says so."""
        factors = [factor for stage in self.stages for factor in stage.factors if factor.monitor]
        return {factor.monitor: factor.spans.get("monitor") or factor.span for factor in factors}

    def timeline(self, steps_per_epoch: int, total_steps: int, maximized: frozenset[str] = frozenset()) -> Timeline:
        """The stages in moves, those without any left out.

        Raises SpecError if they do not end with the run, or where an expression of time gives no number.
        """
        clock = Clock(steps_per_epoch, steps_per_epoch if self.per == "epoch" else 1)
        return Timeline(tuple(self._timed(clock, total_steps)), clock, self.span, maximized)

    def _timed(self, clock: Clock, total_steps: int) -> Iterator[TimedStage]:
        total = math.ceil(total_steps / clock.steps_per_move)
        start, in_epochs, in_steps = 0, 0.0, 0
        for stage in self.stages:
            end = total
            if stage.duration:
                in_epochs += stage.duration.value if stage.duration.unit == "epochs" else 0
                in_steps += int(stage.duration.value) if stage.duration.unit == "steps" else 0
                end = round(in_epochs * clock.moves_per_epoch) + in_steps
            if end > total or end < total and stage is self.stages[-1]:
                raise SpecError([misfit(stage, end > total, length_of(total_steps, clock.steps_per_epoch))])
            if end > start:
                factors = tuple(factor.in_moves(end - start, clock) for factor in stage.factors)
                for expression in (factor.expression for factor in factors if factor.expression):
                    for move in range(0, end - start, math.ceil((end - start) / TRIED)):
                        expression(move)
                yield TimedStage(stage.name, start, end - start, factors)
            start = end


def choose(value: Any, span: Span | None, per: str | None = None) -> ScheduleChoice:
    """The schedule that the value of `schedule = …` says; `none` keeps rates constant.

    `per` is the setting `schedule_per`, None where it is not written. Raises SpecError with all that is wrong.
    """
    if per not in (None, "step", "epoch"):
        raise error("TN0802", f'`schedule_per` is "step" or "epoch", found {per!r}', span)
    if value is None:
        return ScheduleChoice((), per or "step", span)
    staged = value.stages if isinstance(value, Stages) else (StagedValue(value, None, span),)
    stages: list[Stage] = []
    wrong: list[Diagnostic] = []
    for each in staged:
        try:
            stages.append(read_stage(each, per, each is staged[-1]))
        except SpecError as problem:
            wrong += problem.diagnostics
    if wrong:
        raise SpecError(wrong)
    return ScheduleChoice(tuple(stages), per or "step", span)
