"""The training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..data.loaders import Loader
from ..ir.values import Duration
from .evaluate import to_device
from .hooks import Hook, collect
from .state import State
from .step import TrainStep
from .watch import named_anomaly
from .world import World


@dataclass
class Stop:
    """A request to stop after the step that is under way: from outside, or `early`, where training is done."""

    requested: bool = False
    early: bool = False

    def __bool__(self) -> bool:
        return self.requested or self.early


@dataclass
class Loop:
    """Trains until `total_steps`, or until a stop is requested; `hooks` see each step in their order."""

    step: TrainStep
    loader: Loader
    world: World
    total_steps: int
    hooks: Sequence[Hook]
    stop: Stop = field(default_factory=Stop)

    def run(self, state: State) -> None:
        after_step = collect(self.hooks, "after_step")
        with self.loader.desk.watched():
            while state.step < self.total_steps and not self.stop:
                state.train_mode()
                self._epoch(state, after_step)

    def _epoch(self, state: State, after_step: Sequence[Callable]) -> None:
        for batch in self.loader.epoch(state.epoch, state.position):
            with named_anomaly(state):
                loss = self.step(state, to_device(batch, self.world.device))
            state.advance(len(self.loader))
            for call in after_step:
                call(state, loss)
            if state.step == self.total_steps or self.stop:
                return


@dataclass(frozen=True)
class Every:
    """Whether a step ends an interval of `duration`; the last step of a run always does."""

    duration: Duration
    steps_per_epoch: int
    total_steps: int

    def __call__(self, step: int) -> bool:
        if step == self.total_steps:
            return True
        interval = self.duration.value * (self.steps_per_epoch if self.duration.unit == "epochs" else 1)
        return int(step / interval + 1e-9) > int((step - 1) / interval + 1e-9)
