"""Checkpoints: a folder for each, with `model.safetensors`, `state.safetensors`, `state.json` and a manifest."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from ..diagnostics import Note, SpecError, error
from .choices import CheckpointChoice
from .files import cannot, pack, read_folder, remove_folder, unpack, write, write_folder
from .files import tidy as tidy
from .hooks import Hook
from .state import Best, State

WEIGHTS, TENSORS, PLAIN = "model.safetensors", "state.safetensors", "state.json"
PREFIX = "step-"


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """A model's tensors as safetensors wants them: on the CPU, none sharing memory."""
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()}


def save(folder: Path, state: State) -> Path:
    """Save a checkpoint of this step in `folder`. Raises SpecError (TN0902); those there are then as they were."""
    whole = state.state_dict()
    del whole["model"]
    plain, tensors = pack(whole)
    path = path_of(folder, state.step)
    files = {
        WEIGHTS: save_tensors(weights_of(state.model)),
        TENSORS: save_tensors(tensors),
        PLAIN: json.dumps(plain).encode(),
    }
    write_folder(path, files)
    return path


def load(path: Path) -> dict[str, Any]:
    """What `State.load_state_dict` takes. Raises SpecError (TN0903) for a checkpoint that is not whole."""
    files = _files(path)
    try:
        state = unpack(json.loads(files[PLAIN]), load_tensors(files[TENSORS]))
        return {**state, "model": load_tensors(files[WEIGHTS])}
    except (KeyError, ValueError, RuntimeError) as problem:
        raise error("TN0903", f"`{path}` is no checkpoint: {problem}") from problem


def _files(path: Path) -> dict[str, bytes]:
    files = read_folder(path)
    if missing := [name for name in (WEIGHTS, TENSORS, PLAIN) if name not in files]:
        raise error("TN0903", f"`{path}` is not whole: its manifest has no `{missing[0]}`")
    return files


def steps(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first."""
    return sorted(folder.glob(f"{PREFIX}*"), key=lambda path: path.name) if folder.is_dir() else []


def path_of(folder: Path, step: int) -> Path:
    return folder / f"{PREFIX}{step:08d}"


def newest(folder: Path, say: Callable[[str], None], last: int | None = None) -> Path:
    """The newest checkpoint that is whole, of those up to the step `last`; `say` is told of newer ones that are not,
    which are renamed and kept. Raises SpecError (TN0903) if there is none."""
    problems = []
    candidates = steps(folder) if last is None else [each for each in steps(folder) if each <= path_of(folder, last)]
    for path in reversed(candidates):
        try:
            _files(path)
        except SpecError as problem:
            problems.append((path, problem.diagnostics[0].message))
            continue
        for damaged, message in problems:
            say(f"warning: {message}; going on from {path.name}")
            _set_aside(damaged)
        return path
    notes = [Note(message) for _, message in problems]
    raise error("TN0903", f"no usable checkpoint in `{folder}`", None, *notes)


def _set_aside(path: Path) -> None:
    """Out of the way of those to come, for whoever wants to rescue something from it."""
    aside = path.with_name(f"damaged-{path.name}")
    try:
        if aside.exists():
            remove_folder(aside)
        os.replace(path, aside)
    except OSError as problem:
        raise cannot("rename", path, problem) from problem


def write_result(path: Path, weights: dict[str, Tensor]) -> str:
    """`model.safetensors`, the run's result; gives its sha256. Raises SpecError (TN0902)."""
    content = save_tensors(weights)
    write(path, content)
    return hashlib.sha256(content).hexdigest()


class Checkpoints(Hook):
    """Saves at each interval, at the end, and whenever an evaluation is the best so far; keeps the newest ones.

    `choice` is None where none are asked for: then only a request to stop saves. `due(step)` says whether a step ends
    an interval; `maximize` whether more of `choice.best` is better.
    """

    def __init__(self, folder: Path, choice: CheckpointChoice | None, due: Callable[[int], bool], maximize: bool):
        self.folder, self.choice, self.due, self.maximize = folder, choice, due, maximize
        self.is_new_best = False
        self.latest: Path | None = None
        self.due_step: int | None = None

    def evaluated(self, state: State, results: dict[str, float]) -> None:
        value = results.get(self.choice.best or "") if self.choice else None
        if value is None or value != value:
            return
        better = state.best is None or (value > state.best.value if self.maximize else value < state.best.value)
        if better:
            state.best, self.is_new_best = Best(value, state.step), True

    def after_step(self, state: State, loss: Tensor) -> None:
        if self.choice and (self.is_new_best or self.due(state.step)):
            self.save(state)
        self.is_new_best = False

    def save(self, state: State, requested: bool = False) -> Path:
        """Save now. One that was `requested` is not gone back to, and takes the place of none that is: a run that
        stopped is to be the run that never stopped."""
        if not requested:
            self.due_step = state.step
        self.latest = save(self.folder, state)
        best = self.best_path(state)
        others = [path for path in steps(self.folder) if path != best]
        for path in others[: -self.choice.keep] if self.choice else []:
            if path != self.last_due():
                remove_folder(path)
        return self.latest

    def best_path(self, state: State) -> Path | None:
        return path_of(self.folder, state.best.step) if state.best else None

    def last_due(self) -> Path | None:
        """The newest one that is not there by request."""
        return None if self.due_step is None else path_of(self.folder, self.due_step)

    def back(self, say: Callable[[str], None]) -> dict[str, Any]:
        """The state of the newest one that is not there by request, and is from then on the newest. Raises SpecError
        (TN0903) where none is whole."""
        self.latest = newest(self.folder, say, self.due_step)
        saved = load(self.latest)
        for path in steps(self.folder):
            if path > self.latest:
                remove_folder(path)
        return saved

    def state_dict(self) -> dict[str, Any]:
        return {"due_step": self.due_step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.due_step = state["due_step"]
