"""A run under way: the loop with its hooks, and what of them belongs to the state."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ..diagnostics import error
from . import environment
from .checkpoints import Checkpoints
from .checks import is_sum
from .clock import Clock
from .data_order import DataOrder
from .early_stop import EarlyStop
from .evaluate import Evaluator
from .evaluation import Evaluation
from .hooks import Hook
from .log import JsonLines, Log
from .loop import Loop, Stop
from .parts import EPOCH, Parts
from .progress import Lines, display
from .random_states import RandomStates
from .resuming import Earlier
from .run import CHECKPOINTS, METRICS
from .stages import StageNews, beginnings
from .step import TrainStep
from .tensorboard import TensorBoard
from .tricks import tricks_of
from .watch import LossWatch


@dataclass
class Sitting:
    """The loop of a run from its start, or from where it is taken up, and those of its hooks that the end needs."""

    parts: Parts
    loop: Loop
    watch: LossWatch
    evaluator: Evaluator
    evaluation: Evaluation
    saver: Checkpoints
    screen: Lines
    observers: list[Hook]
    clock: Clock


def sitting(parts: Parts, path: Path, earlier: Earlier | None = None, started: float | None = None) -> Sitting:
    """Everything put together, and the state brought to where the run was. Raises SpecError as `Earlier.restore`."""
    recipe, per_epoch, total, state = parts.recipe, parts.per_epoch, parts.total_steps, parts.state
    evaluate_due = parts.every(recipe.evaluate or EPOCH)
    save_due = parts.every(recipe.checkpoint.every if recipe.checkpoint else EPOCH)
    watch = LossWatch(lambda step: evaluate_due(step) or save_due(step), per_epoch, parts.world.device)
    evaluator, stop = parts.evaluator(), Stop()
    screen = display(total, per_epoch, watch)
    parts.forward.say = screen.message
    early = None
    if recipe.early_stop:
        maximize = _maximize(recipe.early_stop.monitor, evaluator)
        early = EarlyStop(recipe.early_stop, maximize, stop, screen.message)
    maximize = _maximize(recipe.checkpoint and recipe.checkpoint.best, evaluator)
    saver = Checkpoints(path / CHECKPOINTS, recipe.checkpoint, lambda n: stop.early or save_due(n), maximize)
    evaluation = Evaluation(evaluate_due, evaluator, parts.loaders.val if recipe.evaluate else None)
    clock = Clock(time.monotonic() if started is None else started)
    order = DataOrder(parts.loaders.train, state, parts.spec.data_recipe.spans.get("train"))
    stateful = {"order": order, "random": RandomStates(), "clock": clock, "watch": watch, "evaluation": evaluation}
    for name, part in (stateful | ({"early_stop": early} if early else {})).items():
        state.register(name, part)
    tricks = tricks_of(parts)
    environment.seed(recipe.seed)  # again: what libraries draw while they are imported depends on what was before
    if earlier:
        earlier.restore(state)
        saver.latest = earlier.checkpoint
    sinks = [JsonLines(path / METRICS), *(TensorBoard(path, state.step) for _ in recipe.log)]
    log = Log(recipe.log_every, per_epoch, sinks, state)
    observers: list[Hook] = [each for each in (log, saver, screen, early) if each]
    evaluation.tell_to(observers)
    news = StageNews(beginnings(recipe.schedule, per_epoch, total), per_epoch, screen.message)
    sums = recipe.accumulate > 1 and is_sum(parts.forward, recipe.loss, parts.loaders.train, parts.world.device)
    step = TrainStep(parts.forward, parts.world, recipe.accumulate, sums, tricks)
    loop = Loop(step, parts.loaders.train, parts.world, total, [watch, log, evaluation, saver, news, screen], stop)
    return Sitting(parts, loop, watch, evaluator, evaluation, saver, screen, observers, clock)


def _maximize(best: str | None, evaluator: Evaluator) -> bool:
    """Whether more of the result named `best` is better. Raises SpecError (TN0802) where torchmetrics does not say."""
    name = (best or "val.loss").removeprefix("val.")
    for choice, metric in zip(evaluator.metrics, evaluator.built, strict=True):
        if choice.name == name:
            if metric.higher_is_better is None:
                raise error("TN0802", f"`{name}` is neither better when higher nor when lower", choice.span)
            return metric.higher_is_better
    return False
