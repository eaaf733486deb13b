"""Learning rates over time: the setting `schedule`.

A schedule is stages joined in time. Each is a class of torch.optim.lr_scheduler that runs on a group's own rate, from
the stage's own start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer

from ..diagnostics import Diagnostic, SpecError, error
from ..ir.values import Duration, StagedValue, Stages
from ..parameters.choice import OptimizerChoice
from ..source import Span
from .schedules_read import read_stage
from .schedules_run import Scheduler, Track
from .schedules_stages import Stage, TimedStage


@dataclass(frozen=True)
class ScheduleChoice:
    """The schedule of a recipe; without stages, constant rates. `per` is what a move is: "step" or "epoch"."""

    stages: tuple[Stage, ...] = ()
    per: str = "step"
    span: Span | None = None

    def build(self, optimizer: Optimizer, steps_per_epoch: int, total_steps: int) -> Scheduler:
        """The scheduler of an optimizer for a run of `total_steps` optimizer steps; its `step()` is called after each.

        Raises SpecError if the stages are longer than the run.
        """
        stages = self.timed(steps_per_epoch, total_steps)
        return Scheduler(optimizer, stages, self.steps_per_move(steps_per_epoch), self.cycles_momentum)

    def curve(self, rate: float, own_rate: float, steps_per_epoch: int, total_steps: int) -> list[float]:
        """The learning rate of each step of a run, for a group at `rate` where the optimizer's own rate is `own_rate`.

        Raises SpecError if the stages are longer than the run.
        """
        options = {"lr": rate} | ({"momentum": 0.0} if self.cycles_momentum else {})
        track = Track(options, own_rate, self.timed(steps_per_epoch, total_steps))
        steps_per_move = self.steps_per_move(steps_per_epoch)
        rates: list[float] = []
        for step in range(total_steps):
            if step and step % steps_per_move == 0:
                track.move()
            rates.append(track.options["lr"])
        return rates

    def check(self, optimizer: OptimizerChoice) -> None:
        """Raises SpecError if a stage cycles a momentum that the optimizer does not have."""
        for stage in self.stages:
            if stage.cycles_momentum and not {"momentum", "betas"} & optimizer.own.keys():
                raise error(
                    "TN0803", f"`{stage.name}` cycles momentum, which `{optimizer.name}` does not have", stage.span,
                    help="write `cycle_momentum=false`",
                )  # fmt: skip

    def check_length(self, epochs: float | None = None, steps: int | None = None) -> None:
        """Raises SpecError if the stages that are counted in the unit of the run's length are longer than the run.

        `timed` finds out the rest, once it is known how many steps an epoch has.
        """
        spent = {"epochs": 0.0, "steps": 0.0}
        for stage in self.stages:
            if stage.duration:
                spent[stage.duration.unit] += stage.duration.value
            for unit, length in (("epochs", epochs), ("steps", steps)):
                if length is not None and spent[unit] > length:
                    raise _too_long(stage, str(Duration(length, unit)))

    @property
    def cycles_momentum(self) -> bool:
        return any(stage.cycles_momentum for stage in self.stages)

    def steps_per_move(self, steps_per_epoch: int) -> int:
        return steps_per_epoch if self.per == "epoch" else 1

    def timed(self, steps_per_epoch: int, total_steps: int) -> tuple[TimedStage, ...]:
        """The stages in moves, those without any left out. Raises SpecError if they are longer than the run."""
        moves_per_epoch = 1 if self.per == "epoch" else steps_per_epoch
        total = math.ceil(total_steps / self.steps_per_move(steps_per_epoch))
        start, in_epochs, in_steps = 0, 0.0, 0
        timed: list[TimedStage] = []
        for stage in self.stages:
            end = total
            if stage.duration:
                in_epochs += stage.duration.value if stage.duration.unit == "epochs" else 0
                in_steps += int(stage.duration.value) if stage.duration.unit == "steps" else 0
                end = round(in_epochs * moves_per_epoch) + in_steps
            if end > total:
                epochs = f"{total_steps / steps_per_epoch:.4g} epochs"
                raise _too_long(stage, f"{Duration(total_steps, 'steps')} ({epochs})")
            if end > start:
                arguments = stage.in_moves(end - start, moves_per_epoch)
                timed.append(TimedStage(stage, start, end - start, arguments))
            start = end
        return tuple(timed)


def _too_long(stage: Stage, run: str) -> SpecError:
    return error("TN0803", f"the schedule is longer than the run, which has {run}", stage.span)


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
