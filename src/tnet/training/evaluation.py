"""Evaluating while training, and telling all who want to know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from ..data.loaders import Loader
from .evaluate import Evaluator, named
from .hooks import Hook, collect
from .state import State
from .train_accuracy import TrainAccuracy


class Evaluation(Hook):
    """Evaluates on `loader` (None: there is nothing to evaluate on) at the end of each interval, and reads `accuracy`,
    that of the training since the last one."""

    def __init__(
        self, due: Callable[[int], bool], evaluator: Evaluator, loader: Loader | None, accuracy: TrainAccuracy | None
    ):
        self.due, self.evaluator, self.loader, self.accuracy = due, evaluator, loader, accuracy
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
            self.results = trained | (named(self.evaluator(self.loader), "val") if self.loader else {})
            for call in self.tell:
                call(state, self.results)

    def state_dict(self) -> dict[str, Any]:
        return {"results": self.results}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.results = state["results"]
