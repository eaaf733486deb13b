"""`on_nan = "stop" | "skip" | "rollback"`: what becomes of a step whose loss is no number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .checkpoints import Checkpoints
from .hooks import Batch, Hook
from .resuming import cut_metrics
from .run import METRICS
from .state import State
from .watch import NotFinite

MOST_SKIPPED = 20
"""Steps in a row after which skipping is given up: the weights themselves are no numbers by then."""
MOST_ROLLBACKS = 3
"""Rollbacks to one checkpoint after which it is given up."""


class SkipStep(Hook):
    """Leaves out the update of a step whose loss or gradient is not finite, and puts back what its forward pass made
    of the buffers. The step counts, and the schedule goes on. Each step waits for the device to say."""

    def __init__(self, say: Callable[[str], None]):
        self.say, self.in_a_row = say, 0
        self.kept: list[Tensor] = []

    def on_batch(self, state: State, batch: Batch) -> Batch:
        self.kept = [buffer.clone() for buffer in state.model.buffers()]
        return batch

    def may_update(self, state: State, loss: Tensor) -> bool:
        gradients = [each.grad for each in state.model.parameters() if each.grad is not None]
        norms = torch.stack([loss.float(), *torch._foreach_norm(gradients)])
        if bool(norms.isfinite().all()):
            self.in_a_row = 0
            return True
        self.in_a_row += 1
        if self.in_a_row == MOST_SKIPPED:
            raise NotFinite.at(state.step + 1, float(loss), f"{MOST_SKIPPED} steps in a row were skipped")
        for buffer, kept in zip(state.model.buffers(), self.kept, strict=True):
            buffer.copy_(kept)
        self.say(f"step {state.step + 1} is skipped: its loss or gradient is not finite")
        return False

    def state_dict(self) -> dict[str, Any]:
        return {"in_a_row": self.in_a_row}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.in_a_row = state["in_a_row"]


class Rollback:
    """Goes back to the newest checkpoint and on with the batches after those that led to a loss that is no number.

    Source: Chowdhery et al., PaLM: Scaling Language Modeling with Pathways, 2022, section 5.1.
    """

    def __init__(self, run: Path, saver: Checkpoints, per_epoch: int, say: Callable[[str], None]):
        self.run, self.saver, self.per_epoch, self.say = run, saver, per_epoch, say
        self.place, self.times = -1, 0

    def __call__(self, state: State, problem: NotFinite) -> None:
        """Raises the problem again where going back does not help."""
        saved = self.saver.back(self.say)
        place, times = saved["step"], self.times + 1 if saved["step"] == self.place else 1
        if times > MOST_ROLLBACKS:
            raise problem
        batches = state.epoch * self.per_epoch + state.position + problem.step - state.step
        state.load_state_dict(saved)
        state.epoch, state.position = divmod(batches, self.per_epoch)
        self.place, self.times = place, times
        cut_metrics(self.run / METRICS, place)
        self.say(f"{problem.diagnostics[0].message}: back to step {place}, and on with the batches after it")

    def state_dict(self) -> dict[str, Any]:
        return {"place": self.place, "times": self.times}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.place, self.times = state["place"], state["times"]
