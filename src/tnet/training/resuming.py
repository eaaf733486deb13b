"""Taking up a run: which one, with what is different now, from which checkpoint, and its records cut to that place."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..diagnostics import Note, error
from ..parameters.arguments import show
from . import checkpoints, split
from .changes import KEPT, Change, changes
from .dependencies import changed_files
from .files import cannot, write
from .log import read_events
from .run import ABOUT, CHECKPOINTS, METRICS, is_blank, overrides_from, read_about, read_spec
from .state import State
from .weights import misfits

if TYPE_CHECKING:
    from torch import Tensor

    from ..spec import Spec
    from .schedules import Scheduler


@dataclass
class Earlier:
    """A run that is to go on, with the spec to go on with. `checkpoint` is None where it has not saved one yet;
    `forgets_best` says that the best so far was of another result."""

    path: Path
    about: dict[str, Any]
    spec: Spec
    changes: list[Change] = field(default_factory=list)
    checkpoint: Path | None = None
    forgets_best: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to do."""
        return "result" in self.about and not self.changes

    @property
    def statistics(self) -> Mapping[int, Any] | None:
        """What "auto" gave, which stays as it was unless the steps before it change."""
        moved = {each.what for each in self.changes} & {"data.prepare", "data.transform"}
        return None if moved else self.about["data"]["statistics"]

    @property
    def split(self) -> Mapping[str, Tensor] | None:
        """The samples of each part, where they are cut as they were."""
        return split.load(self.path, self.about, self.spec.data_recipe)

    def restore(self, state: State) -> None:
        """Bring a state to where the run was. Raises SpecError: TN0903, and TN0905 where it does not fit any more."""
        if self.checkpoint is None:
            return
        saved = checkpoints.load(self.checkpoint)
        _check_weights(saved["model"], state.model.state_dict())
        if any(each.rates for each in self.changes):
            self._follow(state.schedule, saved["step"])
            saved["schedule"] = state.schedule.state_dict()
        if self.forgets_best:
            saved["best"] = None
        state.load_state_dict(saved)

    def _follow(self, schedule: Scheduler, steps: int) -> None:
        """Bring a schedule to where it would be, had it been there from the start, with the evaluations that were."""
        events = read_events(self.path / METRICS)[0]
        results = {event["step"]: event for event in events if event["event"] == "evaluate"}
        for step in range(1, steps + 1):
            schedule.step()
            if step in results:
                schedule.evaluated({name: nan if each is None else each for name, each in results[step].items()})

    def elsewhere(self, about: Mapping[str, Any]) -> list[str]:
        """Lines that say where it goes on with another torch, device or number of threads; `about` is of now."""
        torch_versions = [f"torch {each['versions'].get('torch')}" for each in (self.about, about)]
        pairs = [torch_versions, [self.about["device"], about["device"]]]
        return [
            f"the run was on {was}, this is {now}: numbers may differ in their last digits"
            for was, now in pairs if was != now
        ]  # fmt: skip

    def records(self, step: int, command: str | None) -> dict[str, Any]:
        """What `run.yaml` adds of this sitting and keeps of those before."""
        now = {"at": datetime.now().astimezone().isoformat(timespec="seconds"), "step": step, "command": command}
        sitting = now | ({"changes": [str(each) for each in self.changes]} if self.changes else {})
        return {"started": self.about["started"], "resumed": [*self.about.get("resumed", []), sitting]}


def folder_of(spec: Spec, out: str | os.PathLike | None, say: Callable[[str], None]) -> Path | None:
    """The folder of the run to go on with: `out`, or the newest of the spec's runs. None where `out` has no run yet.

    Raises SpecError (TN0902) where there is none, or `out` is something else.
    """
    if out is None:
        home = Path("runs") / spec.name
        runs = [path for path in home.glob("*") if (path / ABOUT).is_file()]
        if spec.recipe_name is not None:
            runs = [path for path in runs if read_about(path)["recipe"] == spec.recipe_name]
        if not runs:
            advice = "leave `--resume` out to start one, or name the run's folder with `--out`"
            of = f" of the recipe `{spec.recipe_name}`" if spec.recipe_name else ""
            raise error("TN0902", f"there is no run{of} in `{home}` to go on with", help=advice)
        return max(runs, key=lambda path: path.name)
    path = Path(out)
    if (path / ABOUT).is_file():
        return path
    if is_blank(path):
        say(f"there is no run in {path} yet: a new one starts")
        return None
    raise error("TN0902", f"`{path}` is no folder of a run: it has no `{ABOUT}`")


def read(path: Path, spec: Spec, accept_changes: bool, say: Callable[[str], None]) -> Earlier:
    """The run in a folder, to go on with `spec`: its own hyper-parameters and overrides hold where none are given now.

    `say` is told what is different. Raises SpecError: TN0902 for no run, TN0903 where all its checkpoints are damaged,
    TN0905 for differences that are not accepted or not possible.
    """
    about = read_about(path)
    spec = _with_names_of(about, spec)
    before = read_spec(path, about, allow=spec.permissions.allowed)
    after = _with_overrides_of(before, spec)
    found = [*changes(before, after), *changed_files(about.get("files", {}), after)]
    is_saved = bool(checkpoints.steps(path / CHECKPOINTS))
    if is_saved:
        _check_weights(before.table.parameters, after.table.parameters)
    _judge(found, accept_changes, path)
    for each in found:
        say(f"changed: {each}")
    kept = {each.what: each.before for each in found if each.what in KEPT and each.what.startswith("train.")}
    if kept:
        after = after.over(overrides=[*after.overrides, *overrides_from(kept, path / ABOUT)])
    checkpoints.tidy(path / CHECKPOINTS)
    saved = checkpoints.newest(path / CHECKPOINTS, say) if is_saved else None
    return Earlier(path, about, after, found, saved, _best(before) != _best(after))


def _with_names_of(about: Mapping[str, Any], spec: Spec) -> Spec:
    """The spec under the run's recipe, and with its net, where none was chosen now."""
    recipe = about["recipe"] if spec.recipe_name is None else spec.recipe_name
    net = about["net"] if spec.net_name is None and about["net"] in spec.program.nets else spec.net_name
    return spec.over(recipe_name=recipe, net_name=net)


def _best(spec: Spec) -> str | None:
    return spec.recipe.checkpoint.best if spec.recipe.checkpoint else None


def _with_overrides_of(before: Spec, spec: Spec) -> Spec:
    declared = spec.program.hypers
    given = {
        name: each.value for name, each in before.program.hypers.items()
        if name in declared and each.value != each.default
    }  # fmt: skip
    own = {each.path for each in spec.overrides}
    kept = [each for each in before.overrides if "." in each.path and each.path not in own]
    hypers = {name: value for name, value in given.items() if name not in own} | spec.hypers
    return spec.over(hypers=hypers, overrides=[*kept, *spec.overrides]).checked(training=True)


def _judge(found: Sequence[Change], accept_changes: bool, path: Path) -> None:
    notes = [Note(str(each)) for each in found]
    if impossible := [each for each in found if not each.possible]:
        message = f"the run in `{path}` cannot go on: `{impossible[0].what}` has changed"
        raise error("TN0905", message, None, *notes, help=f"start a new run{_from_weights(path)}")
    if found and not accept_changes:
        many = f"{len(found)} settings have" if len(found) > 1 else f"`{found[0].what}` has"
        message = f"{many} changed since the run in `{path}`"
        raise error("TN0905", message, None, *notes, help="`--accept-changes` goes on with what is different")


def _from_weights(path: Path) -> str:
    """How a new run begins with what this one has learnt, where it has."""
    places = [path, *reversed(checkpoints.steps(path / CHECKPOINTS))]
    found = next((each / checkpoints.WEIGHTS for each in places if (each / checkpoints.WEIGHTS).is_file()), None)
    return f"; `train.weights={show(str(found))}` begins with this one's weights" if found else ""


def _check_weights(saved: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raises SpecError (TN0905) where the net has other parameters, or of other shapes, than those that are saved."""
    if lines := misfits(saved, now):
        advice = "start a new run; `train.weights` can start it from those of these weights that fit"
        raise error("TN0905", "the net's parameters have changed", None, *map(Note, lines[:8]), help=advice)


def cut_metrics(path: Path, step: int) -> None:
    """Drop the events of `metrics.jsonl` that the run will write again: those after a step, the end, half a line.

    Raises SpecError (TN0902).
    """
    try:
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else [b"?"]
    except OSError as problem:
        raise cannot("read", path, problem) from problem
    kept = [line for line in lines if _is_before(line, step)]
    if kept != lines:
        write(path, b"".join(kept))


def _is_before(line: bytes, step: int) -> bool:
    try:
        event = json.loads(line)
        return line.endswith(b"\n") and event["event"] != "end" and event["step"] <= step
    except (ValueError, KeyError, TypeError):
        return False
