"""The files that a run is made from, by their content: what has changed since is told when the run goes on."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..diagnostics import SpecError
from ..elaborate.own_code import is_below, search_folders
from ..elaborate.paths import resolve
from ..elaborate.program import home_of
from ..source import Source, Span
from .changes import EFFECT, KEPT, Change

if TYPE_CHECKING:
    from ..spec import Spec

LARGEST = 256 * 2**20
"""Bytes up to which a file is read to tell its content; of a larger one its size and time of change stand for it."""

Contents = Mapping[str, Mapping[str, str]]
"""By what takes the files (`import`, `train.weights`), the content of each by its name."""


def contents(spec: Spec) -> Contents:
    """The content of each file that a run of the spec is made from. Files that are not there are left out."""
    found: dict[str, dict[str, str]] = {}
    for path, source in imports(spec).items():
        found.setdefault("import", {})[path.as_posix()] = digest(source.text)
    for user, name, path in _files(spec):
        if path.is_file():
            found.setdefault(user, {})[name] = content(path)
    return found


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def content(path: Path) -> str:
    """What differs where the content of a file differs."""
    facts = path.stat()
    if facts.st_size > LARGEST:
        return f"{facts.st_size} bytes of {facts.st_mtime_ns}"
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed_files(before: Contents, spec: Spec) -> Iterator[Change]:
    """A change for each file that has another content than in `before`."""
    for user, files in contents(spec).items():
        for name, now in files.items():
            if before.get(user, {}).get(name, now) != now:
                effect = KEPT.get(user, f"its content has changed, which {EFFECT}")
                yield Change(f"{user} {name}", "", "", effect)


def _files(spec: Spec) -> Iterator[tuple[str, str, Path]]:
    """What takes each file, its name as written, and where it is."""
    recipe, source = spec.recipe, spec.source_file
    yield from _modules(spec)
    if recipe.weights:
        yield from _given("train.weights", recipe.weights, source, recipe.spans.get("weights"))
    if recipe.distill:
        yield from _teacher(spec)
    for part, choice in spec.data_recipe.sources.items():
        for each in getattr(choice, "parts", (choice,)):
            for argument, span in each.path_spans.items():
                yield from _given(f"data.{part}", each.arguments[argument], source, span)


def imports(spec: Spec) -> dict[Path, Source]:
    """The specs that one imports, by their paths from its folder."""
    home = home_of(spec.source_file)
    return {path.relative_to(home): source for path, source in spec.program.imported.items()}


def _modules(spec: Spec) -> Iterator[tuple[str, str, Path]]:
    """The project's own Python files among those that are used, with what is loaded of their packages."""
    packages = {name.partition(".")[0] for name in spec.program.used}
    for name, module in list(sys.modules.items()):
        file = Path(getattr(module, "__file__", None) or ".")
        if name.partition(".")[0] in packages and is_below(file, search_folders(spec.source_file)):
            yield "use", name, file


def _teacher(spec: Spec) -> Iterator[tuple[str, str, Path]]:
    import tnet

    choice, source, span = spec.recipe.distill, spec.source_file, spec.recipe.spans.get("distill")
    for name in filter(None, (choice.spec, choice.weights)):
        yield from _given("train.distill", name, source, span)
    try:
        teacher = tnet.load(resolve(choice.spec, source, span), allow=spec.permissions.allowed)
    except SpecError:
        return  # which putting the parts together tells
    for path, source in imports(teacher).items():
        yield "train.distill", path.as_posix(), source.path


def _given(user: str, name: str, source: Source, span: Span | None) -> Iterator[tuple[str, str, Path]]:
    yield user, name, resolve(name, source, span)
