"""A run under way: the loop with its hooks, and what of them belongs to the state."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from . import environment
from .checkpoints import Checkpoints
from .clock import Clock
from .data_order import DataOrder
from .early_stop import EarlyStop
from .evaluate import Evaluator
from .evaluation import Evaluation
from .hooks import Hook, collect
from .log import JsonLines, Log, Sink
from .loop import Loop, Stop
from .metrics import more_is_better
from .on_nan import Rollback
from .parts import EPOCH, Parts, adds_up
from .profiling import profiling
from .progress import Lines, display
from .random_states import RandomStates
from .rate_news import RateFeedback, RateNews
from .resuming import Earlier
from .rules.effects import Effects, effects_of
from .run import CHECKPOINTS, METRICS
from .skipped import Skipped
from .snoop import Snoop
from .state import Stateful
from .step import TrainStep
from .tensorboard import TensorBoard
from .train_accuracy import train_accuracy
from .tricks import tricks_of
from .watch import LossWatch, NotFinite


@dataclass
class Sitting:
    """The loop of a run from its start, or from where it is taken up, and those of its hooks that the end needs."""

    parts: Parts
    stop: Stop
    watch: LossWatch
    screen: Lines
    evaluator: Evaluator
    evaluation: Evaluation
    saver: Checkpoints
    early: EarlyStop | None
    clock: Clock
    rollback: Rollback | None
    loop: Loop | None = None
    observers: tuple[Hook, ...] = ()
    recomputed: Sequence[nn.Module] = ()
    skipped: Skipped | None = None
    boards: Sequence[TensorBoard] = ()

    def observe(self, hook: Hook) -> None:
        """Have one more observer told of evaluations, and of the end."""
        self.observers += (hook,)
        self.evaluation.tell += collect([hook], "evaluated")

    def run(self) -> None:
        """Train until the end or a stop; what is then there may be saved. Raises NotFinite where it may not."""
        state = self.parts.state
        if self.rollback and not state.step:
            self.saver.save(state)
        while True:
            try:
                self.loop.run(state)
                self.watch.check(state)
                return
            except NotFinite as problem:
                if self.rollback is None:
                    raise
                self.rollback(state, problem)
                for board in self.boards:
                    board.back_to(state.step)


def sitting(parts: Parts, path: Path, earlier: Earlier | None = None, started: float | None = None) -> Sitting:
    """Everything put together, and the state brought to where the run was. Raises SpecError as `Earlier.restore`."""
    here = _watchers(parts, path, started)
    for name, part in _stateful(here):
        parts.state.register(name, part)
    sinks: list[Sink] = []
    effects = effects_of(parts, sinks, here.screen.message)
    tricks = [*effects.tricks, *tricks_of(parts)]
    if parts.recipe.snoop:
        tricks.append(Snoop(parts.spec.net, parts.forward, path, here.screen.message))
    if parts.spec.data_recipe.on_bad_sample == "skip":
        here.skipped = Skipped(parts.loaders.parts, sinks, here.screen.message)
        parts.state.register("skipped", here.skipped)
    environment.seed(parts.recipe.seed)  # again: what libraries draw while they are imported depends on what was before
    if earlier:
        earlier.restore(parts.state)
        here.saver.latest = earlier.checkpoint
    here.boards = [TensorBoard(path, parts.state.step) for _ in parts.recipe.log]
    sinks += [JsonLines(path / METRICS), *here.boards]
    recording = profiling(parts.recipe.profile, path, parts.world.device, here.screen.message)
    _connect(here, sinks, effects, tricks, recording)
    return here


def _watchers(parts: Parts, path: Path, started: float | None) -> Sitting:
    """What looks at the run, not connected to the loop yet."""
    recipe, per_epoch, total = parts.recipe, parts.per_epoch, parts.total_steps
    evaluate_due = parts.every(recipe.evaluate or EPOCH)
    save_due = parts.every(recipe.checkpoint.every if recipe.checkpoint else EPOCH)
    tolerant = recipe.on_nan == "skip"
    watch = LossWatch(lambda n: evaluate_due(n) or save_due(n), per_epoch, parts.world.device, tolerant)
    screen = display(total, per_epoch, watch)
    parts.forward.say = screen.message
    evaluator, stop = parts.evaluator(), Stop()
    maximize = more_is_better(recipe.metrics, recipe.checkpoint and recipe.checkpoint.best)
    saver = Checkpoints(path / CHECKPOINTS, recipe.checkpoint, lambda n: stop.early or save_due(n), maximize)
    early = None
    if recipe.early_stop:
        maximize = more_is_better(recipe.metrics, recipe.early_stop.monitor)
        early = EarlyStop(recipe.early_stop, maximize, stop, screen.message)
    accuracy = parts.forward.accuracy = train_accuracy(recipe, parts.world.device) if recipe.evaluate else None
    loader = parts.loaders.val if recipe.evaluate else None
    evaluation = Evaluation(evaluate_due, evaluator, loader, accuracy, parts.raw_evaluator())
    clock = Clock(time.monotonic() if started is None else started)
    rollback = Rollback(path, saver, per_epoch, screen.message) if recipe.on_nan == "rollback" else None
    return Sitting(parts, stop, watch, screen, evaluator, evaluation, saver, early, clock, rollback)


def _stateful(here: Sitting) -> Iterator[tuple[str, Stateful]]:
    """The parts of the state beside the tricks'; the order of the samples, a condition of the rest, comes first."""
    span = here.parts.spec.data_recipe.spans.get("train")
    yield "order", DataOrder(here.parts.loaders.train, here.parts.state, span)
    yield "random", RandomStates()
    yield "clock", here.clock
    yield "watch", here.watch
    yield "evaluation", here.evaluation
    if here.evaluation.accuracy:
        yield "train_accuracy", here.evaluation.accuracy
    if here.parts.scaling:
        yield "scaler", here.parts.scaling
    if here.early:
        yield "early_stop", here.early
    yield "checkpoints", here.saver
    if here.rollback:
        yield "rollback", here.rollback


def _connect(here: Sitting, sinks: list[Sink], effects: Effects, tricks: list[Hook], recording: list[Hook]) -> None:
    """The loop with its hooks in order: what is no number is found before it is logged, evaluated or saved."""
    parts, recipe, per_epoch, total = here.parts, here.parts.recipe, here.parts.per_epoch, here.parts.total_steps
    here.recomputed = effects.recomputed
    step = step_of(parts, effects, tricks)
    measures = [step.measured, *([effects.penalties.measured] if effects.penalties else [])]
    log = Log(recipe.log_every, per_epoch, sinks, parts.state, measures)
    here.observers = (
        RateFeedback(parts.state.schedule),
        log,
        here.saver,
        here.screen,
        *([here.early] if here.early else []),
        *recording,
        *([here.skipped] if here.skipped else []),
    )
    here.evaluation.connect(tricks, here.observers)
    news = RateNews(parts.state.schedule, per_epoch, here.screen.message)
    hooks = [here.watch, log, here.evaluation, here.saver, news, here.screen, *recording]
    hooks += [here.skipped] if here.skipped else []
    here.loop = Loop(step, parts.loaders.train, parts.world, total, hooks, here.stop)


def step_of(parts: Parts, effects: Effects, tricks: Sequence[Hook]) -> TrainStep:
    """The step of a run. Raises SpecError (TN0803) where its losses cannot be computed in parts."""
    accumulate = parts.recipe.accumulate
    sums = accumulate > 1 and adds_up(parts)
    if parts.teaching:
        parts.teaching.sums = sums
    rest = effects.penalties, effects.players, parts.scaling
    return TrainStep(parts.forward, parts.world, accumulate, sums, tricks, *rest)
