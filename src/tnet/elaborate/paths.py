"""Paths that a spec names: relative to its own folder, and inside the project."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..diagnostics import error
from ..source import Source, Span

MARKERS = (".git", "pyproject.toml")

ELSEWHERE = "paths elsewhere are given on the command line, as in data.train='ImageFolder(\"/data/photos\")'"


def resolve(name: str, spec: Source, span: Span | None) -> Path:
    """The path of a file or folder that a spec names: beside the spec, or else below the working directory.

    A path that the user gave (an override is a source of its own) may lie anywhere; one that the spec names must stay
    in the project: the nearest folder around the spec that holds `.git` or `pyproject.toml`, the spec's own folder
    where there is none, or the working directory. Raises SpecError (TN0304); the path need not exist.
    """
    bases = [*([spec.path.resolve().parent] if spec.path else []), Path.cwd()]
    candidates = [base / os.path.expanduser(name) for base in bases]
    try:
        found = next((path for path in candidates if path.resolve().exists()), candidates[0])
    except (OSError, ValueError, RuntimeError) as problem:  # too long, a zero byte, links in a circle
        raise error("TN0304", f"`{name[:80]}` is no path that can be used: {_reason(problem)}", span) from problem
    if _is_written_in(spec, span) and not _is_inside(found, _roots(spec)):
        raise error("TN0304", f"`{name}` is outside the project", span, help=ELSEWHERE)
    return found


def stay_inside(files: Iterable[str], spec: Source, span: Span | None) -> None:
    """Refuse files of a folder that links lead out of the project, as `resolve` does the folder itself.

    Raises SpecError (TN0304). Only links are followed to their end: a data set may have a million files.
    """
    if not _is_written_in(spec, span):
        return
    roots, folders = _roots(spec), set()
    for file in files:
        folder = os.path.dirname(file)
        linked = os.path.islink(file)
        if (linked or folder not in folders) and not _is_inside(Path(file if linked else folder), roots):
            raise error("TN0304", f"a link leads `{file}` out of the project", span, help=ELSEWHERE)
        folders.add(folder)


def _is_written_in(spec: Source, span: Span | None) -> bool:
    return span is not None and span.source is spec


def _roots(spec: Source) -> list[Path]:
    projects = [project_of(spec.path.resolve().parent)] if spec.path else []
    return [each.resolve() for each in (*projects, Path.cwd())]


def _is_inside(path: Path, roots: Iterable[Path]) -> bool:
    place = path.resolve()
    return any(place.is_relative_to(root) for root in roots)


def _reason(problem: Exception) -> str:
    text = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem).partition(":")[0]
    return text.lower()


def project_of(folder: Path) -> Path:
    """The project that a folder, given in full, lies in: what the paths of its specs must stay in."""
    return next((each for each in (folder, *folder.parents) if any((each / m).exists() for m in MARKERS)), folder)
