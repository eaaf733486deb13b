"""Watching the loss: kept on the device, read at the end of an interval, refused where it is no number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..diagnostics import error
from .hooks import Hook
from .state import State


class LossWatch(Hook):
    """Keeps each step's loss until `due(step)`, at most an epoch, then reads all at once; `mean` is that interval's.

    Raises SpecError (TN0904) for a loss that is no number, before anything of that interval is saved.
    """

    def __init__(self, due: Callable[[int], bool], steps_per_epoch: int, device: torch.device):
        self.due, self.steps_per_epoch = due, steps_per_epoch
        self.losses = torch.empty(steps_per_epoch, device=device)
        self.count = 0
        self.mean = math.nan

    def after_step(self, state: State, loss: Tensor) -> None:
        self.losses[self.count] = loss
        self.count += 1
        if self.due(state.step) or self.count == len(self.losses):
            self.read(state)

    def read(self, state: State) -> None:
        values = self.check(state)
        self.count = 0
        self.mean = sum(values) / len(values)

    def check(self, state: State) -> list[float]:
        """The losses kept, which go on being kept; what is to be saved now has none that is no number."""
        values = self.losses[: self.count].tolist()
        if all(map(math.isfinite, values)):
            return values
        bad = next(i for i, value in enumerate(values) if not math.isfinite(value))
        step = state.step - len(values) + bad + 1
        kind = "not a number" if math.isnan(values[bad]) else "infinite"
        advice = "a lower `lr`, `clip_norm = 1.0` or a warm-up may help; checkpoints from before are kept"
        epoch = (step - 1) / self.steps_per_epoch
        raise error("TN0904", f"the loss is {kind} at step {step} (epoch {epoch:.2f})", help=advice)

    def state_dict(self) -> dict[str, Any]:
        return {"losses": self.losses[: self.count], "mean": self.mean}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count, self.mean = len(state["losses"]), state["mean"]
        self.losses[: self.count] = state["losses"]
