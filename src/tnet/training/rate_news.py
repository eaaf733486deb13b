"""What the schedule does, told as it happens, and what evaluations do to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from .hooks import Hook, Results
from .schedules import Scheduler
from .state import State


class RateNews(Hook):
    """Tells the user when a stage of the schedule begins and when learning rates change that stood still at the step
    before. A rate that moves at each step is not news."""

    def __init__(self, schedule: Scheduler, steps_per_epoch: int, say: Callable[[str], None]):
        self.schedule, self.steps_per_epoch, self.say = schedule, steps_per_epoch, say
        self.stages, self.rates, self.still = schedule.stages(), schedule.get_last_lr(), False

    def after_step(self, state: State, loss: Tensor) -> None:
        before, self.rates = self.rates, self.schedule.get_last_lr()
        if self.rates == before:
            self.still = True
            return
        stages = self.schedule.stages()
        began = [name for name, known in zip(stages, self.stages, strict=True) if name != known]
        news = self._news(began, before) if began or self.still else None
        self.stages, self.still = stages, False
        if news:
            self.say(f"epoch {state.step / self.steps_per_epoch:g}, step {state.step}: {news}")

    def _news(self, began: Sequence[str], before: Sequence[float]) -> str | None:
        if began:
            return f"{' and '.join(began)} begins at lr {shown(self.rates)}"
        moves = [f"{old:.4g} -> {new:.4g}" for old, new in zip(before, self.rates, strict=True) if old != new]
        seen = [move for move in dict.fromkeys(moves) if len(set(move.split(" -> "))) > 1]
        return f"lr {', '.join(seen)}" if seen else None


class RateFeedback(Hook):
    """Hands the results of each evaluation to the schedule, for `ReduceLROnPlateau`."""

    def __init__(self, schedule: Scheduler):
        self.schedule = schedule

    def evaluated(self, state: State, results: Results) -> None:
        self.schedule.evaluated(results)


def shown(rates: Sequence[float]) -> str:
    """The rates of the groups, each once."""
    return " and ".join(dict.fromkeys(f"{rate:.4g}" for rate in rates))
