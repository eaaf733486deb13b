"""`early_stop = Patience(5, monitor="val.loss")`: training ends where evaluations stop getting better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .choices import PatienceChoice
from .hooks import Hook, Results
from .loop import Stop
from .state import State


class EarlyStop(Hook):
    """Ends training at the n-th evaluation in a row without a better value; one that is no number is no better.

    `maximize` says whether more is better. Counted as Keras does: https://keras.io/api/callbacks/early_stopping/
    """

    def __init__(self, choice: PatienceChoice, maximize: bool, stop: Stop, say: Callable[[str], None]):
        self.choice, self.maximize, self.stop, self.say = choice, maximize, stop, say
        self.best: float | None = None
        self.waited = 0

    def evaluated(self, state: State, results: Results) -> None:
        value = results.get(self.choice.monitor)
        if value is None:
            return
        if value == value and (self.best is None or (value > self.best if self.maximize else value < self.best)):
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= self.choice.evaluations:
            self.stop.early = True
            self.say(f"stopping early: `{self.choice.monitor}` is no better after {self.waited} evaluations")

    def state_dict(self) -> dict[str, Any]:
        return {"monitor": self.choice.monitor, "best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Starts anew where another result was watched."""
        if state["monitor"] == self.choice.monitor:
            self.best, self.waited = state["best"], state["waited"]
