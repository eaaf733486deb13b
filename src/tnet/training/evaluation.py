"""Evaluating while training, and telling all who want to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..data.loaders import Loader
from .evaluate import Evaluator, named
from .hooks import Hook, collect
from .modes import buffers_kept
from .state import State
from .train_accuracy import TrainAccuracy

RAW = "val.raw"
"""What results of the weights themselves are called, where those of `val` are of their average."""


class Evaluation(Hook):
    """Evaluates on `loader` (None: there is nothing to evaluate on) at the end of each interval, and reads `accuracy`,
    that of the training since the last one.

    Where `evaluator` is of averaged weights, `raw` is of the weights themselves: both are evaluated as soon as they
    differ, so that what averaging gains is seen (as in timm,
    https://github.com/huggingface/pytorch-image-models/blob/main/train.py). It leaves no trace in the model.
    """

    def __init__(
        self,
        due: Callable[[int], bool],
        evaluator: Evaluator,
        loader: Loader | None,
        accuracy: TrainAccuracy | None,
        raw: Evaluator | None = None,
    ):
        self.due, self.evaluator, self.loader, self.accuracy, self.raw = due, evaluator, loader, accuracy, raw
        self.prepare: list[Callable] = []
        self.tell: list[Callable] = []
        self.results: dict[str, Any] = {}

    def connect(self, tricks: Sequence[Hook], observers: Sequence[Hook]) -> None:
        """Ask these before an evaluation, and tell those after it."""
        self.prepare = collect(tricks, "before_evaluation")
        self.tell = collect(observers, "evaluated")

    def after_step(self, state: State, loss: Tensor) -> None:
        if self.due(state.step):
            for call in self.prepare:
                call(state)
            trained = self.accuracy.read() if self.accuracy else {}
            self.results = trained | (self._evaluated(state) if self.loader else {})
            for call in self.tell:
                call(state, self.results)

    def _evaluated(self, state: State) -> dict[str, Any]:
        found = named(self.evaluator(self.loader), "val")
        if self.raw is None or _alike(state.average, state.model):
            return found
        with buffers_kept(state.model):
            return found | named(self.raw(self.loader), RAW)

    def state_dict(self) -> dict[str, Any]:
        return {"results": self.results}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.results = state["results"]


def _alike(average: nn.Module, model: nn.Module) -> bool:
    """Whether averaging has not begun."""
    pairs = zip(average.parameters(), model.parameters(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)
