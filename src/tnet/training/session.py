"""Training a spec: the parts put together, the loop run, the result tested and saved."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..diagnostics import error
from . import checkpoints, environment
from .checkpoints import Checkpoints, weights_of, write_result
from .checks import is_sum
from .early_stop import EarlyStop
from .evaluate import Evaluator, named
from .evaluation import Evaluation
from .hooks import Hook, collect
from .log import JsonLines, Log
from .loop import Loop, Stop
from .metrics import more_is_better
from .parts import EPOCH, Parts, assemble
from .progress import Lines, display
from .rate_news import RateFeedback, RateNews
from .run import CHECKPOINTS, METRICS, Run, describe, new_folder, write_about, write_start
from .step import TrainStep
from .tensorboard import TensorBoard, require
from .tricks import tricks_of
from .watch import LossWatch

if TYPE_CHECKING:
    from ..spec import Spec


def train(
    spec: Spec, out: str | os.PathLike | None = None, data: Any = None, resume: bool = False, command: str | None = None
) -> Run:
    """Train as the spec's recipe says and leave the run's folder.

    `out` is the folder, `runs/<spec>/<time>/` without; `data` stands in for the data section, as in
    `DataRecipe.load`; `command` is what `run.yaml` records. An interrupt stops after the step under way: the run then
    has a checkpoint, and `.stopped` is true. Raises SpecError: TN0703 where data, net and loss do not fit, TN0902
    where something cannot be written (what was saved before stays), TN0904 where the loss is no number.
    """
    recipe = spec.recipe
    if resume:
        raise error("TN0001", "resuming a run is not done yet")
    if recipe.log:
        require(recipe.spans.get("log"))
    started = time.monotonic()
    with environment.process_settings(recipe):
        parts = assemble(spec, data, _to_stderr)
        path = new_folder(spec, out)
        about = describe(spec, parts.loaders, parts.world, command, parts.per_epoch)
        write_start(path, spec, about)
        session = _session(parts, path)
        with ExitStack() as stack:
            stack.enter_context(environment.stopping(session.loop.stop))
            stack.enter_context(session.screen)
            for text in parts.notes:
                session.screen.message(text)
            if parts.forward.compiles:
                session.screen.message("compiling: the first step takes a while")
            session.loop.run(parts.state)
            return _finish(session, path, about, started)


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass
class Session:
    """A run under way: its loop and those of its hooks that are needed at the end."""

    parts: Parts
    loop: Loop
    evaluator: Evaluator
    evaluation: Evaluation
    saver: Checkpoints | None
    screen: Lines
    observers: list[Hook]


def _session(parts: Parts, path: Path) -> Session:
    recipe, per_epoch, total = parts.recipe, parts.per_epoch, parts.total_steps
    evaluate_due = parts.every(recipe.evaluate or EPOCH)
    save_due = parts.every(recipe.checkpoint.every if recipe.checkpoint else EPOCH)
    watch = LossWatch(lambda step: evaluate_due(step) or save_due(step), per_epoch, parts.world.device)
    screen = display(total, per_epoch, watch)
    parts.forward.say = screen.message
    sinks = [JsonLines(path / METRICS), *(TensorBoard(path) for _ in recipe.log)]
    log = Log(recipe.log_every, per_epoch, sinks, parts.state)
    evaluator = parts.evaluator()
    stop = Stop()
    saver = early = None
    if recipe.checkpoint:
        maximize = more_is_better(recipe.metrics, recipe.checkpoint.best)
        saver = Checkpoints(path / CHECKPOINTS, recipe.checkpoint, lambda n: stop.early or save_due(n), maximize)
    if recipe.early_stop:
        maximize = more_is_better(recipe.metrics, recipe.early_stop.monitor)
        early = EarlyStop(recipe.early_stop, maximize, stop, screen.message)
        parts.state.register("early_stop", early)
    feedback = RateFeedback(parts.state.schedule)
    observers: list[Hook] = [each for each in (feedback, log, saver, screen, early) if each]
    evaluation = Evaluation(evaluate_due, evaluator, parts.loaders.val if recipe.evaluate else None, observers)
    news = RateNews(parts.state.schedule, per_epoch, screen.message)
    hooks = [watch, log, evaluation, *([saver] if saver else []), news, screen]
    sums = recipe.accumulate > 1 and is_sum(parts.forward, recipe.loss, parts.loaders.train, parts.world.device)
    step = TrainStep(parts.forward, parts.world, recipe.accumulate, sums, tricks_of(parts))
    loop = Loop(step, parts.loaders.train, parts.world, total, hooks, stop)
    return Session(parts, loop, evaluator, evaluation, saver, screen, observers)


def _finish(session: Session, path: Path, about: dict[str, Any], started: float) -> Run:
    """Test and save the result: the best checkpoint's weights where `best` is set, else the last ones."""
    parts, saver = session.parts, session.saver
    state, model = parts.state, parts.state.result
    stop = session.loop.stop
    if stop.requested and not stop.early and state.step < parts.total_steps:
        return _stopped(session, path, about)
    checkpoint = saver.latest if saver else None
    if saver and (best := saver.best_path(state)):
        checkpoint = best
        model.load_state_dict(checkpoints.load(best)["model" if state.average is None else "average"])
    write_result(path / checkpoints.WEIGHTS, weights_of(model))
    environment.release(parts.world)
    results = dict(session.evaluation.results)
    if parts.loaders.test is not None:
        results |= named(session.evaluator(parts.loaders.test), "test")
    results["seconds"] = round(time.monotonic() - started, 3)
    ended = {name: value for name, value in results.items() if not name.startswith("val.")}
    for call in collect(session.observers, "ended"):
        call(state, ended)
    result = {"steps": state.step, "seconds": results["seconds"]} | ({"stopped_early": True} if stop.early else {})
    result |= {"checkpoint": str(checkpoint.relative_to(path))} if checkpoint else {}
    write_about(path, about | {"result": result})
    session.screen.message(f"saved in {path}")
    return Run(path, results, model.eval(), checkpoint, about=about, spec=parts.spec)


def _stopped(session: Session, path: Path, about: dict[str, Any]) -> Run:
    """Save what resuming will need."""
    state = session.parts.state
    checkpoint = session.saver.save(state) if session.saver else checkpoints.save(path / CHECKPOINTS, state)
    session.screen.message(f"stopped after step {state.step}; the checkpoint is in {checkpoint}")
    results = dict(session.evaluation.results)
    return Run(path, results, state.result.eval(), checkpoint, stopped=True, about=about, spec=session.parts.spec)
