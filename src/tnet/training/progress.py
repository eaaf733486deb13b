"""What the user sees: a live bar on a terminal, else a line for each evaluation; results at the end on stdout."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .confusion import tables
from .evaluation import RAW
from .hooks import Hook, Results
from .state import State
from .watch import LossWatch

REFRESH = 0.25  # seconds


class Lines(Hook):
    """A line on stderr for each evaluation, for logs and pipes."""

    def __init__(self, total_steps: int, steps_per_epoch: int, watch: LossWatch):
        self.total_steps, self.steps_per_epoch, self.watch = total_steps, steps_per_epoch, watch
        self.started = time.monotonic()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: Any) -> None: ...

    def message(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def evaluated(self, state: State, results: Results) -> None:
        self.message(self.line(state, results))

    def line(self, state: State, results: Results) -> str:
        """`epoch 3/15  loss 0.6123  val.loss 0.5512  val.accuracy 0.9722  12 s`"""
        epochs = f"{state.step / self.steps_per_epoch:g}/{self.total_steps / self.steps_per_epoch:g}"
        values = {"loss": self.watch.mean, **scalars(results)}
        return "  ".join([f"epoch {epochs}", *shown(values), duration(time.monotonic() - self.started)])

    def ended(self, state: State, results: Results) -> None:
        tested = {name: value for name, value in results.items() if name.startswith("test.")}
        if tested:
            print("  ".join(shown(scalars(tested))), flush=True)
        by_class = tested.get("test.by_class")
        if by_class:
            print(f"accuracy by class: {classwise(by_class)}", flush=True)
        for text in tables(tested):
            print(text, flush=True)
        print(f"{state.step} steps in {duration(results['seconds'])}", flush=True)


class Bar(Lines):
    """A progress bar with epoch, step rate, loss, the last evaluation and the time left."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = ["{task.description}", BarColumn(bar_width=None), TextColumn("{task.fields[rate]}"),
                   TextColumn("{task.fields[values]}"), TimeRemainingColumn()]  # fmt: skip
        self.progress = Progress(*columns, console=Console(stderr=True), auto_refresh=False, expand=True)
        self.task = self.progress.add_task("epoch 0", total=self.total_steps, rate="", values="")
        self.last, self.last_step, self.evaluation = self.started, 0, ""

    def __enter__(self) -> Bar:
        self.progress.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.progress.refresh()
        self.progress.stop()

    def message(self, text: str) -> None:
        self.progress.console.print(text, markup=False, highlight=False)

    def after_step(self, state: State, loss: Tensor) -> None:
        now = time.monotonic()
        if now - self.last < REFRESH and state.step != self.total_steps:
            return
        rate = (state.step - self.last_step) / (now - self.last) if self.last_step else 0.0
        self.last, self.last_step = now, state.step
        epochs = f"epoch {min(state.epoch + 1, -(-self.total_steps // self.steps_per_epoch))}"
        epochs += f"/{self.total_steps / self.steps_per_epoch:g}"
        values = f"loss {float(loss):.4f}{self.evaluation}"
        shown_rate = f"{rate:.0f} steps/s" if rate else ""
        self.progress.update(self.task, completed=state.step, description=epochs, rate=shown_rate, values=values)
        self.progress.refresh()

    def evaluated(self, state: State, results: Results) -> None:
        super().evaluated(state, results)
        kept = {name: value for name, value in scalars(results).items() if name != "val.loss"} or scalars(results)
        self.evaluation = "".join(f"  {text}" for text in shown(kept))


def scalars(results: Results) -> dict[str, float]:
    """The numbers that a line has room for: those of the weights below an average are in the log and the report."""
    numbers = {name: value for name, value in results.items() if isinstance(value, int | float)}
    return {name: value for name, value in numbers.items() if not name.startswith(f"{RAW}.")}


def shown(values: Results) -> list[str]:
    return [f"{name} {value:.4f}" for name, value in values.items()]


def classwise(shares: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {share:.3f}" for name, share in shares.items() if share is not None)


def duration(seconds: float) -> str:
    """`41 s`, `3 min 05 s`, `2 h 10 min`"""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def display(*arguments: Any) -> Lines:
    """A bar where stderr is a terminal, lines elsewhere."""
    return (Bar if sys.stderr.isatty() else Lines)(*arguments)
