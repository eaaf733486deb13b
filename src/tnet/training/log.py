"""What a run records: events, each a map, to `metrics.jsonl` and wherever else they are wanted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from .files import cannot
from .hooks import Hook, Results
from .state import State

Sink = Callable[[Mapping[str, Any]], None]


class Log(Hook):
    """An event at every `every`th step, at each evaluation and at the end. Only these read the loss, and `measures`,
    which give further numbers of the step."""

    def __init__(
        self,
        every: int,
        steps_per_epoch: int,
        sinks: Sequence[Sink],
        state: State,
        measures: Sequence[Callable[[], Mapping[str, float]]] = (),
    ):
        self.every, self.steps_per_epoch, self.sinks, self.measures = every, steps_per_epoch, sinks, measures
        self.rates = rates(state)

    def after_step(self, state: State, loss: Tensor) -> None:
        if state.step % self.every == 0:
            epoch = round(state.step / self.steps_per_epoch, 6)
            numbers = {"train.loss": float(loss)}
            for measured in self.measures:
                numbers |= measured()
            self._write(event="step", step=state.step, epoch=epoch, **numbers, lr=self.rates)
        if (state.step + 1) % self.every == 0:
            self.rates = rates(state)

    def evaluated(self, state: State, results: Results) -> None:
        if results:
            self._write(event="evaluate", step=state.step, **_scalars(results))
        self.rates = rates(state)  # which the results may have changed

    def ended(self, state: State, results: Results) -> None:
        self._write(event="end", step=state.step, **_scalars(results))

    def _write(self, **event: Any) -> None:
        for sink in self.sinks:
            sink(event)


def rates(state: State) -> dict[str, float]:
    """The learning rate of each parameter group at the next step."""
    return {
        group.get("name", str(number)): float(group["lr"]) for number, group in enumerate(state.optimizer.param_groups)
    }


def _scalars(results: Results) -> dict[str, Any]:
    return {name: value for name, value in results.items() if not name.endswith(".by_class")}


class JsonLines:
    """A sink: one object a line. What is no number in JSON (NaN, infinities) becomes null."""

    def __init__(self, path: Path):
        self.path = path

    def __call__(self, event: Mapping[str, Any]) -> None:
        try:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(_finite(event)) + "\n")
        except OSError as problem:
            raise cannot("write", self.path, problem) from problem


def read_events(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The events of a `metrics.jsonl`, and the number of lines that are none, such as half a line at the end of a run
    that was killed. A file that cannot be read has neither."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return [], 0
    events = [event for event in map(_event, lines) if event]
    return events, len(lines) - len(events)


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    is_event = isinstance(event, dict) and isinstance(event.get("event"), str) and isinstance(event.get("step"), int)
    return event if is_event else None


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {name: _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
    return value
