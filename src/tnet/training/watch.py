"""Watching the loss: kept on the device, read at the end of an interval, refused where it is no number."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..diagnostics import Diagnostic, SpecError
from .hooks import Hook
from .state import State


class NotFinite(SpecError):
    """A loss that is no number (TN0904), in the optimizer step `step`, from 1."""

    def __init__(self, diagnostics: Sequence[Diagnostic], step: int):
        super().__init__(diagnostics)
        self.step = step

    @classmethod
    def at(cls, step: int, loss: float, more: str) -> NotFinite:
        kind = "not a number" if math.isnan(loss) else "infinite" if math.isinf(loss) else "without a finite gradient"
        advice = "a lower `lr`, `clip_norm = 1.0` or a warm-up may help; checkpoints from before are kept"
        return cls([Diagnostic("TN0904", "error", f"the loss is {kind} at step {step} ({more})", help=advice)], step)


class LossWatch(Hook):
    """Keeps each step's loss until `due(step)`, at most an epoch, then reads all at once; `mean` is that interval's.

    Raises NotFinite for a loss that is no number, before anything of that interval is saved; a `tolerant` one leaves
    such losses out.
    """

    def __init__(self, due: Callable[[int], bool], steps_per_epoch: int, device: torch.device, tolerant: bool = False):
        self.due, self.steps_per_epoch, self.tolerant = due, steps_per_epoch, tolerant
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
        self.mean = sum(values) / len(values) if values else math.nan

    def check(self, state: State) -> list[float]:
        """The finite ones of the losses kept, which go on being kept: whether what is there now may be saved."""
        values = self.losses[: self.count].tolist()
        finite = [value for value in values if math.isfinite(value)]
        if len(finite) < len(values) and not self.tolerant:
            bad = next(i for i, value in enumerate(values) if not math.isfinite(value))
            step = state.step - len(values) + bad + 1
            raise NotFinite.at(step, values[bad], f"epoch {(step - 1) / self.steps_per_epoch:.2f}")
        return finite

    def state_dict(self) -> dict[str, Any]:
        return {"losses": self.losses[: self.count], "mean": self.mean}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count, self.mean = len(state["losses"]), state["mean"]
        self.losses[: self.count] = state["losses"]


@contextmanager
def named_anomaly(state: State) -> Iterator[None]:
    """Raises NotFinite with the function that `anomaly = true` has found, where autograd says so by a RuntimeError."""
    try:
        yield
    except RuntimeError as problem:
        found = re.search(r"Function '(\w+)' returned nan values", str(problem))
        if found is None:
            raise
        raise NotFinite.at(state.step + 1, math.nan, f"`{found[1]}` gives a gradient that is none") from problem
