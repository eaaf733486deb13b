"""Training a spec: the parts put together, the loop run, the result tested and saved."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..diagnostics import SpecError
from . import checkpoints, environment, resuming
from .checkpoints import weights_of, write_result
from .evaluate import named
from .hooks import Hook, collect
from .locks import held
from .loss_modules import detached
from .parts import assemble
from .resuming import Earlier
from .rules.recomputing import recomputing
from .run import METRICS, Run, describe, load_run, new_folder, write_about, write_start
from .sitting import Sitting, sitting
from .tensorboard import require
from .watch import NotFinite

if TYPE_CHECKING:
    from ..spec import Spec

Observers = Sequence[Callable[[Sitting, Path, Mapping[str, Any]], Hook]]
"""Each makes a hook from what is put together, the run's folder and what `run.yaml` says."""


def train(
    spec: Spec,
    out: str | os.PathLike | None = None,
    data: Any = None,
    resume: bool = False,
    accept_changes: bool = False,
    command: str | None = None,
    observers: Observers = (),
) -> Run:
    """Train as the spec's recipe says and leave the run's folder.

    `out` is the folder, `runs/<spec>/<time>/` without; `data` stands in for the data section, as in
    `DataRecipe.load`; `command` is what `run.yaml` records; `observers` make hooks that are told of evaluations and
    of the end. SIGINT or SIGTERM stops after the step under way: the run then has a checkpoint, and `.stopped` is true.

    `resume` goes on with the run in `out`, or the newest of the spec's; its own hyper-parameters and overrides hold
    where the spec is given none; what else is different now must be allowed by `accept_changes`.

    Raises SpecError: TN0703 where data, net and loss do not fit, TN0902 where something cannot be written (what was
    saved before stays) or the folder is in use, TN0903 for no usable checkpoint, TN0904 where the loss is no number,
    TN0905 where the run cannot go on as the spec now is.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        path, earlier = _taken_up(spec, out, accept_changes, stack) if resume else (None, None)
        if earlier and earlier.has_ended:
            _to_stderr(f"the run in {path} has ended: nothing is left to do")
            return load_run(path)
        spec = earlier.spec if earlier else spec
        if spec.recipe.log:
            require(spec.recipe.spans.get("log"))
        stack.enter_context(environment.process_settings(spec.recipe))
        parts = assemble(spec, data, _to_stderr, earlier)
        stack.callback(parts.forward.close)
        stack.callback(parts.loaders.close)
        if path is None:
            path = stack.enter_context(new_folder(spec, out))
        here = sitting(parts, path, earlier, started)
        for board in here.boards:
            stack.callback(board.close)
        return _run(here, path, earlier, command, observers)


def _taken_up(
    spec: Spec, out: str | os.PathLike | None, accept_changes: bool, stack: ExitStack
) -> tuple[Path | None, Earlier | None]:
    path = resuming.folder_of(spec, out, _to_stderr)
    if path is None:
        return None, None
    stack.enter_context(held(path))
    return path, resuming.read(path, spec, accept_changes, _to_stderr)


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(here: Sitting, path: Path, earlier: Earlier | None, command: str | None, observers: Observers) -> Run:
    parts, step = here.parts, here.parts.state.step
    about = describe(parts.spec, parts.loaders, parts.world, command, parts.per_epoch)
    if earlier:
        about |= earlier.records(step, about["command"])
        resuming.cut_metrics(path / METRICS, step)
    write_start(path, parts.spec, about, parts.loaders.split, fresh=earlier is None)
    for make in observers:
        here.observe(make(here, path, about))
    with environment.stopping(here.stop), here.screen:
        for text in _notes(here, path, earlier, about):
            here.screen.message(text)
        with recomputing(here.recomputed), _telling(here):
            here.run()
        return _finish(here, path, about)


def _notes(here: Sitting, path: Path, earlier: Earlier | None, about: Mapping[str, Any]) -> Iterator[str]:
    """What the user should know before it trains."""
    parts, step = here.parts, here.parts.state.step
    yield from parts.notes
    if earlier:
        yield from earlier.elsewhere(about)
        yield f"going on in {path} after step {step}"
    if step > parts.total_steps:
        yield f"it has done more than the {parts.total_steps} steps that are asked for now, and ends here"
    if parts.forward.compiles:
        yield "compiling: the first step takes a while"


@contextmanager
def _telling(here: Sitting) -> Iterator[None]:
    """Observers are told of a loss that is no number, which ends the run."""
    try:
        yield
    except NotFinite as problem:
        for call in collect(here.observers, "failed"):
            call(here.parts.state, problem.diagnostics[0].message)
        raise


def _finish(here: Sitting, path: Path, about: dict[str, Any]) -> Run:
    """Test and save the result: the best checkpoint's weights where `best` is set, else the last ones."""
    parts, saver, stop = here.parts, here.saver, here.stop
    state, model = parts.state, parts.state.result
    if stop.requested and not stop.early and state.step < parts.total_steps:
        return _stopped(here, path, about)
    checkpoint = _best(here) or saver.latest
    sha256 = write_result(path / checkpoints.WEIGHTS, weights_of(model))
    environment.release(parts.world)
    results = dict(here.evaluation.results)
    if parts.loaders.test is not None:
        results |= named(here.evaluator(parts.loaders.test), "test")
    results["seconds"] = round(here.clock.seconds, 3)
    ended = {name: value for name, value in results.items() if not name.startswith(("val.", "train."))}
    for call in collect(here.observers, "ended"):
        call(state, ended)
    result = {"steps": state.step, "seconds": results["seconds"]} | ({"stopped_early": True} if stop.early else {})
    result |= {"checkpoint": str(checkpoint.relative_to(path))} if checkpoint else {}
    result["sha256"] = sha256
    if here.skipped:
        about["data"] |= here.skipped.records()
    write_about(path, about | {"result": result})
    here.screen.message(f"saved in {path}")
    loss = detached(model.eval(), parts.recipe.losses)
    return Run(path, results, model, checkpoint, about=about, spec=parts.spec, loss=loss)


def _best(here: Sitting) -> Path | None:
    """Load the best weights, where there are such; a checkpoint that is damaged by now leaves the last ones."""
    state = here.parts.state
    best = here.saver.best_path(state)
    if best is None:
        return None
    try:
        saved = checkpoints.load(best)
    except SpecError as problem:
        here.screen.message(f"warning: {problem.diagnostics[0].message}; the result is the last weights, not the best")
        return None
    state.result.load_state_dict(saved["model" if state.average is None else "average"])
    return best


def _stopped(here: Sitting, path: Path, about: dict[str, Any]) -> Run:
    """Save what resuming will need."""
    state, spec = here.parts.state, here.parts.spec
    checkpoint = here.saver.save(state, requested=True)
    words = ["tnet", "train", *([str(spec.source_file.path)] if spec.source_file.path else ["…"])]
    command = shlex.join([*words, "--resume", "--out", str(path)])
    for call in collect(here.observers, "stopped"):
        call(state)
    here.screen.message(f"stopped after step {state.step}, which is saved; `{command}` goes on from there")
    results = dict(here.evaluation.results)
    loss = detached(model := state.result.eval(), spec.recipe.losses)
    return Run(path, results, model, checkpoint, stopped=True, about=about, spec=spec, loss=loss)
