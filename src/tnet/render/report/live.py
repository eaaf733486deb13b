"""The page of a run while it trains: kept up to date at evaluations, within a small share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...data.loaders import Loader
from ...diagnostics import SpecError
from ...training.files import write
from ...training.hooks import Batch, Hook, Results
from ...training.log import rates
from ...training.looks.distributions import chosen, distributions
from ...training.looks.look import look, predictions_of
from ...training.run import REPORT
from ...training.sitting import Sitting
from ...training.state import State
from . import board
from .facts import facts_of
from .page import report_page
from .record import Record, read_record
from .seeing import seen

SHARE = 0.01
"""The share of a run's time that its page may take, and that its histograms may take, beside the first and the last."""


class Budget:
    """Seconds spent, and whether more may be: no larger share of the seconds of all than `share`."""

    def __init__(self, share: float):
        self.share, self.spent = share, 0.0

    def allows(self, seconds: float) -> bool:
        return self.spent <= self.share * seconds

    @contextmanager
    def spending(self) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.spent += time.monotonic() - started


class Live(Hook):
    """Writes the page at the start, at the first evaluation, at later ones as far as `SHARE` allows, and at the end.

    What goes wrong with it is told, and never stops the run.
    """

    def __init__(self, here: Sitting, path: Path, about: Mapping[str, Any]):
        self.here, self.path, self.about, self.works = here, path, about, True
        parts, state = here.parts, here.parts.state
        self.predictions = predictions_of(parts.spec.net, parts.recipe, here.evaluator.classes, parts.loaders)
        here.evaluator.tap = self
        self.record = _taken_up(path, state) if state.step else Record([self._now(state)])
        self.record.source = parts.spec.source()
        sizes = [(each.numel(), each.requires_grad) for each in state.model.parameters()]
        self.record.parameters = sum(size for size, _ in sizes)
        self.record.trained = sum(size for size, trained in sizes if trained)
        self.parameters = chosen(state.model)
        self.pages, self.histograms = Budget(SHARE), Budget(SHARE)
        self._guarded(self._write)
        if not state.step:
            self._guarded(self._begin_boards)

    def begin(self, loader: Loader) -> None:
        self._guarded(self.predictions.begin, loader)

    def see(self, batch: Batch, outputs: Any) -> None:
        self._guarded(self.predictions.see, batch, outputs)

    def evaluated(self, state: State, results: Results) -> None:
        seconds = self.here.clock.seconds
        pause = round(time.monotonic() - self.predictions.began, 4) if results else 0.0
        self.record.cut(state.step - 1)  # a run that was rolled back comes here again
        self.record.evaluations.append(self._now(state) | {"train.loss": self.here.watch.mean, "pause": pause})
        if self.histograms.allows(seconds) or self.here.boards:
            with self.histograms.spending():
                self._guarded(self._measure, state)
        if self.pages.allows(seconds) or not self.record.seen:
            with self.pages.spending():
                self._guarded(self._update, state.step, results)

    def stopped(self, state: State) -> None:
        self.record.stopped = state.step
        self._guarded(self._write)

    def failed(self, state: State, reason: str) -> None:
        self.record.fault = reason
        self._guarded(self._write)

    def ended(self, state: State, results: Results) -> None:
        tested = self.predictions.loader is not None and self.predictions.loader is self.here.parts.loaders.test
        self._guarded(self._update, None if tested else state.step, {**self.here.evaluation.results, **results})
        self._guarded(self._end_boards)

    def _now(self, state: State) -> dict[str, Any]:
        return {"step": state.step, "seconds": round(self.here.clock.seconds, 4), "lr": rates(state)}

    def _measure(self, state: State) -> None:
        found = distributions(state.model, self.parameters)
        self.record.add_distributions(state.step, found)
        for each in self.here.boards:
            each.distributions(state.step, found)

    def _update(self, step: int | None, results: Results) -> None:
        self._look(step, results)
        self._write()
        for each in self.here.boards:
            each.pictures(self.here.parts.state.step, board.pictures(self.record.seen))

    def _begin_boards(self) -> None:
        spec, metrics = self.here.parts.spec, self.here.parts.recipe.metrics
        parts = [name for name in self.here.parts.loaders.parts if name != "train"]
        results = [f"{part}.{name}" for part in parts for name in ("loss", *(each.name for each in metrics))]
        for each in self.here.boards:
            hypers = {**self.about["hypers"], **self.about["settings"]}
            each.begin(spec.source_text, board.graph_def(spec.net), hypers, results)

    def _end_boards(self) -> None:
        for each in self.here.boards:
            each.end()

    def _look(self, step: int | None, results: Results) -> None:
        """See the model as evaluations use it; a look at the result of the run has no step."""
        parts, forward = self.here.parts, self.here.evaluator.forward
        found = look(parts.spec.net, forward, parts.loaders, self.predictions)
        part = next((name for name, each in parts.loaders.parts.items() if each is self.predictions.loader), None)
        self.record.seen = {"step": step, "part": part, "by_class": results.get(f"{part}.by_class"), **seen(found)}

    def _write(self) -> None:
        self.record.write(self.path)
        facts = facts_of(self.path, self.about, self.record, self.here.parts.spec.source_text)
        write(self.path / REPORT, report_page(facts).encode())

    def _guarded(self, work: Callable, *arguments: Any) -> None:
        if not self.works:
            return
        try:
            work(*arguments)
        except Exception as problem:
            self.works = False
            reason = problem.diagnostics[0].message if isinstance(problem, SpecError) else str(problem)
            self.here.screen.message(f"warning: {REPORT} is not kept up to date any more: {reason}")


def _taken_up(path: Path, state: State) -> Record:
    record = read_record(path)
    record.cut(state.step)
    return record
