"""All that changes while training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn
from torch.optim import Optimizer


@dataclass
class Best:
    """The best evaluation so far: its value and the optimizer steps done by then."""

    value: float
    step: int


@dataclass
class State:
    """`step` counts optimizer steps done, `epoch` epochs begun from 0, `position` batches of this epoch done.

    `average` is the averaged model that evaluation and the result use, where there is one; `tricks` are hooks with a
    state of their own, by name.
    """

    model: nn.Module
    optimizer: Optimizer
    schedule: Any
    seed: int
    step: int = 0
    epoch: int = 0
    position: int = 0
    best: Best | None = None
    average: nn.Module | None = None
    tricks: Mapping[str, Any] = field(default_factory=dict)

    @property
    def result(self) -> nn.Module:
        """The model whose weights are the result so far."""
        return self.model if self.average is None else self.average

    def advance(self, batches: int) -> None:
        """One more step done, of an epoch of so many batches."""
        self.step += 1
        self.position += 1
        if self.position == batches:
            self.epoch, self.position = self.epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """Everything, to go on from here exactly: random streams are keyed by `seed` and these counts."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "seed": self.seed,
            "step": self.step,
            "epoch": self.epoch,
            "position": self.position,
            "best": None if self.best is None else [self.best.value, self.best.step],
            "average": None if self.average is None else self.average.state_dict(),
            "tricks": {name: trick.state_dict() for name, trick in self.tricks.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.seed, self.step, self.epoch, self.position = (state[n] for n in ("seed", "step", "epoch", "position"))
        self.best = None if state["best"] is None else Best(*state["best"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        for name, trick in self.tricks.items():
            trick.load_state_dict(state["tricks"][name])
