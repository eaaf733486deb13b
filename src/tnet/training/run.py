"""A run's folder: what is in it, and reading it again."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ..catalog.models import without_weights
from ..data.loaders import Loaders
from ..diagnostics import Note, SpecError, error
from ..parameters.arguments import show
from ..source import Source
from . import checkpoints, environment, split
from .checkpoints import WEIGHTS
from .dependencies import contents, digest, imports
from .files import TEMPORARY, cannot, make_folder, write
from .locks import LOCK, held
from .log import read_events
from .loss_modules import NAME, detached, own_module
from .weights import misfits
from .world import World

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..ir.program import Override
    from ..spec import Spec

SPEC, ABOUT, METRICS, CHECKPOINTS = "spec.tnet", "run.yaml", "metrics.jsonl", "checkpoints"
IMPORTS = "imports"
"""The specs that the run's imports, by their paths from its folder."""
REPORT, RECORD = "report.html", "report.json"
"""The page of a run, and what it shows that no other file says."""


@dataclass
class Run:
    """A trained run. `metrics` has the last evaluation's and the test's results by name (`val.loss`,
    `test.accuracy`, `seconds`); `checkpoint` is the folder that the result comes from, None where none is kept;
    `stopped` says that the run was interrupted and can be resumed; `loss` is there where it has parameters of its
    own."""

    path: Path
    metrics: dict[str, Any]
    model: nn.Module
    checkpoint: Path | None
    stopped: bool = False
    about: Mapping[str, Any] = field(default_factory=dict, repr=False)
    spec: Spec | None = field(default=None, repr=False)
    loss: nn.Module | None = field(default=None, repr=False)


@contextmanager
def new_folder(spec: Spec, out: str | os.PathLike | None) -> Iterator[Path]:
    """The folder of a new run, made and locked. Raises SpecError (TN0902) where it holds something, is in use or
    cannot be made."""
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    path = Path(out) if out is not None else Path("runs") / spec.name / stamp
    number = 1
    try:
        while out is None and path.exists():
            number += 1
            path = path.with_name(f"{stamp}-{number}")
    except OSError as problem:
        raise cannot("make the folder", path, problem) from problem
    make_folder(path)
    with held(path):
        if not is_blank(path):
            raise error("TN0902", f"`{path}` is not empty", help="name another folder for the run")
        yield path


def is_blank(path: Path) -> bool:
    """Whether a folder has nothing in it but what a run leaves that was killed before it began. Raises SpecError."""
    try:
        names = {each.name for each in path.iterdir() if not each.name.endswith(TEMPORARY)} if path.exists() else set()
        left = {SPEC, IMPORTS, METRICS, CHECKPOINTS, REPORT, RECORD, LOCK, split.SPLIT}
        return names <= left and not checkpoints.steps(path / CHECKPOINTS)
    except OSError as problem:
        raise cannot("read", path, problem) from problem


def describe(spec: Spec, loaders: Loaders, world: World, command: str | None, steps_per_epoch: int) -> dict[str, Any]:
    """What `run.yaml` says: enough to know, and to build again, what was trained."""
    recipe = spec.recipe
    return {
        "spec": str(spec.source_file.path.resolve()) if spec.source_file.path else spec.source_file.name,
        "spec_sha256": [digest(spec.source_text)],
        "command": command or shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "net": spec.net.name,
        "recipe": recipe.name,
        "seed": recipe.seed,
        "device": environment.device_name(world),
        "hypers": {name: _plain(hyper.value) for name, hyper in spec.program.hypers.items()},
        "settings": dict(recipe.given),
        "overrides": overrides_of(spec),
        "files": contents(spec),
        "allow": list(spec.permissions.allowed),
        "data": {
            "settings": dict(spec.data_recipe.given),
            "samples": {name: loader.count for name, loader in loaders.parts.items()},
            "classes": None if loaders.classes is None else [str(each) for each in loaders.classes],
            "statistics": {number: dict(found) for number, found in loaders.statistics.items()},
            **({"encoding": dict(loaders.encoding)} if loaders.encoding else {}),
        },
        "steps": {"per_epoch": steps_per_epoch, "total": recipe.total_steps(steps_per_epoch)},
        "versions": environment.versions(),
    }


def overrides_of(spec: Spec) -> dict[str, str]:
    """Settings from outside the spec, as text that gives them again. Hyper-parameters are in `hypers`."""
    given = {}
    for override in spec.overrides:
        if "." in override.path:
            given[override.path] = override.span.text if override.span else show(override.value)
    return given


def _plain(value: Any) -> Any:
    """A hyper-parameter for YAML."""
    match value:
        case bool() | int() | float() | str() | None:
            return value
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {_plain(key): _plain(each) for key, each in value.items()}
    return show(value)


def write_start(path: Path, spec: Spec, about: Mapping[str, Any], drawn: Mapping[str, Tensor], fresh: bool) -> None:
    """The files that are there from the start, `run.yaml` last: with it, a folder is a run's; `drawn` is the split of
    its data. Raises SpecError."""
    if not fresh:
        _announce(path, spec.source_text)
    write(path / SPEC, spec.source_text.encode())
    for file, source in imports(spec).items():
        copy = path / IMPORTS / file
        make_folder(copy.parent)
        write(copy, source.text.encode())
    split.save(path, drawn)
    if fresh:
        write(path / METRICS, b"")
    write_about(path, about)


def _announce(path: Path, text: str) -> None:
    """Have `run.yaml` know a spec that is about to replace the run's: a kill in between leaves what can be read."""
    about = read_about(path)
    known = about.get("spec_sha256", [])
    if known and digest(text) not in known:
        write_about(path, about | {"spec_sha256": [*known, digest(text)]})


def write_about(path: Path, about: Mapping[str, Any]) -> None:
    write(path / ABOUT, yaml.safe_dump(dict(about), sort_keys=False, allow_unicode=True).encode())


KNOWN = {"spec": str, "net": str, "device": str, "hypers": dict, "overrides": dict, "data": dict, "versions": dict}
"""What of `run.yaml` a run is built from again, with `versions` at the end of what it has from the start."""


def read_about(path: Path) -> dict[str, Any]:
    """`run.yaml` of a run's folder. Raises SpecError (TN0902)."""
    try:
        about = yaml.safe_load((path / ABOUT).read_text(encoding="utf-8"))
    except OSError as problem:
        raise error("TN0902", f"`{path}` is no folder of a run: it has no `{ABOUT}`") from problem
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise error("TN0902", f"`{path / ABOUT}` is damaged") from problem
    if (
        not isinstance(about, dict)
        or not all(isinstance(about.get(name), kind) for name, kind in KNOWN.items())
        or (not isinstance(about.get("result", {}), dict))
    ):
        raise error("TN0902", f"`{path / ABOUT}` is damaged: it is not whole")
    return about


def read_spec(
    path: Path, about: Mapping[str, Any], changes: Sequence[Override] = (), allow: Sequence[str] = ()
) -> Spec:
    """The spec of a run, as it was trained but for `changes`: its own copy, and those of what it imports, at its old
    place for what it reads. What Python code it may `use` is asked again: `allow` names it."""
    import tnet

    try:
        text = (path / SPEC).read_bytes().decode()  # with its line ends as they are
    except OSError as problem:
        raise cannot("read", path / SPEC, problem) from problem
    except UnicodeDecodeError as problem:
        raise _damaged(path / SPEC) from problem
    if digest(text) not in about.get("spec_sha256", [digest(text)]):
        raise _damaged(path / SPEC)
    place = Path(about["spec"])
    copies = path / IMPORTS if (path / IMPORTS).is_dir() else None
    source = Source(str(path / SPEC), text, place if place.is_absolute() else None, copies)
    overrides = overrides_from(about["overrides"], path / ABOUT)
    names = about["net"], about["recipe"]
    return tnet.Spec(source, about["hypers"], [*overrides, *changes], *names, allow, path).checked()


def _damaged(path: Path) -> SpecError:
    advice = "changes belong in the spec that was trained; `tnet train SPEC --resume --out RUN` takes them up"
    return error("TN0902", f"`{path}` is damaged: it is not what was saved", help=advice)


def overrides_from(values: Mapping[str, str], path: Path) -> list[Override]:
    """Overrides of settings by texts, as `overrides_of` gives them; `path` stands for their place."""
    from ..ir.program import Override

    given = {name: Source(f"<{path}>", f"{name}={value}") for name, value in values.items()}
    return [Override(name, span=each.span(len(name) + 1, len(each.text))) for name, each in given.items()]


def load_run(path: str | os.PathLike, changes: Sequence[Override] = (), allow: Sequence[str] = ()) -> Run:
    """A finished run: its model with the result's weights, in eval mode on the CPU, and its last results.

    `changes` are settings that are to differ from those of its training, such as `data.workers`; `allow` names the
    Python code that its spec may `use`, whatever was allowed when it was trained. Raises SpecError:
    TN0902 for no run, TN0903 where its weights are missing or are another net's.
    """
    folder = Path(path)
    about = read_about(folder)
    spec = read_spec(folder, about, changes, allow)
    with without_weights():  # the run's own take their place
        model = spec.model()
    if own_module(spec.recipe.losses) is not None:
        model.add_module(NAME, spec.loss())
    _load_result(model, folder, about.get("result", {}).get("sha256"))
    loss = detached(model, spec.recipe.losses)
    checkpoint = about.get("result", {}).get("checkpoint")
    kept = folder / checkpoint if checkpoint else None
    return Run(folder, last_results(folder), model.eval(), kept, about=about, spec=spec, loss=loss)


def _load_result(model: nn.Module, folder: Path, sha256: str | None) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        content = (folder / WEIGHTS).read_bytes()
        if sha256 and hashlib.sha256(content).hexdigest() != sha256:
            raise error("TN0903", f"`{folder / WEIGHTS}` is damaged: it is not what was saved")
        weights = load(content)
    except FileNotFoundError as problem:
        advice = (
            "the run was stopped before its end; `--resume` goes on with it"
            if (folder / CHECKPOINTS).is_dir()
            else None
        )
        raise error("TN0903", f"`{folder}` has no `{WEIGHTS}`", help=advice) from problem
    except (OSError, SafetensorError) as problem:
        raise error("TN0903", f"`{folder / WEIGHTS}` is damaged: {str(problem).splitlines()[0]}") from problem
    if lines := misfits(weights, model.state_dict()):
        raise error("TN0903", f"`{folder / WEIGHTS}` does not fit the net: {lines[0]}", None, *map(Note, lines[1:8]))
    model.load_state_dict(weights)


def last_results(folder: Path) -> dict[str, Any]:
    """The results of the last evaluation and of the end, from `metrics.jsonl`."""
    results: dict[str, Any] = {}
    for event in read_events(folder / METRICS)[0]:
        if event["event"] in ("evaluate", "end"):
            results |= {name: value for name, value in event.items() if name not in ("event", "step")}
    return results
