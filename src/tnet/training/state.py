"""All that changes while training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import nn
from torch.optim import Optimizer

from .optimizer_state import load_by_name, state_by_name


class Stateful(Protocol):
    """Something that changes while training. Its state is any nesting that `files.pack` takes."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass
class Best:
    """The best evaluation so far: its value and the optimizer steps done by then."""

    value: float
    step: int


@dataclass
class State:
    """`step` counts optimizer steps done, `epoch` epochs begun from 0, `position` batches of this epoch done.

    `average` is the averaged model that evaluation and the result use, where there is one. All else that changes
    from step to step registers itself: `parts` has it by name. `still` are modules that rules keep in eval mode.
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
    parts: dict[str, Stateful] = field(default_factory=dict)
    still: Sequence[nn.Module] = ()

    def register(self, name: str, part: Stateful) -> None:
        """Have a part saved and restored. Raises ValueError for a name that is taken."""
        if name in self.parts:
            raise ValueError(f"`{name}` is registered twice")
        self.parts[name] = part

    @property
    def result(self) -> nn.Module:
        """The model whose weights are the result so far."""
        return self.model if self.average is None else self.average

    def train_mode(self) -> None:
        """The model in training mode, but for what stays in eval mode."""
        self.model.train()
        for module in self.still:
            module.training = False

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
            "optimizer": state_by_name(self.optimizer, self.model),
            "schedule": self.schedule.state_dict(),
            "seed": self.seed,
            "step": self.step,
            "epoch": self.epoch,
            "position": self.position,
            "best": None if self.best is None else [self.best.value, self.best.step],
            "average": None if self.average is None else self.average.state_dict(),
            "parts": {name: part.state_dict() for name, part in self.parts.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state. Counts come first, then `parts`, which may change the optimizer's groups by them, then
        all else. A part that the state does not have keeps its own."""
        self.seed, self.step, self.epoch, self.position = (state[n] for n in ("seed", "step", "epoch", "position"))
        self.best = None if state["best"] is None else Best(*state["best"])
        for name, part in self.parts.items():
            if name in state["parts"]:
                part.load_state_dict(state["parts"][name])
        self.model.load_state_dict(state["model"])
        if self.average is not None:
            self.average.load_state_dict(state["average"] or state["model"])
        load_by_name(self.optimizer, self.model, state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
