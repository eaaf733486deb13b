"""Announcing each stage of the schedule as it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from .hooks import Hook
from .log import rates
from .schedules import ScheduleChoice
from .state import State


class StageNews(Hook):
    """Tells the user when the learning rates go over to another stage of the schedule."""

    def __init__(self, begins: Mapping[int, str], steps_per_epoch: int, say: Callable[[str], None]):
        self.begins, self.steps_per_epoch, self.say = begins, steps_per_epoch, say

    def after_step(self, state: State, loss: Tensor) -> None:
        if state.step in self.begins:
            epoch = state.step / self.steps_per_epoch
            self.say(
                f"epoch {epoch:g}, step {state.step}: {self.begins[state.step]} begins at lr {shown(rates(state))}"
            )


def beginnings(schedule: ScheduleChoice, steps_per_epoch: int, total_steps: int) -> dict[int, str]:
    """The names of the stages after the first, by the number of steps done when they begin."""
    steps = schedule.steps_per_move(steps_per_epoch)
    return {stage.start * steps: stage.stage.name for stage in schedule.timed(steps_per_epoch, total_steps)[1:]}


def shown(found: Mapping[str, float]) -> str:
    """The rates of the groups, each once."""
    return " and ".join(dict.fromkeys(f"{rate:.4g}" for rate in found.values()))
