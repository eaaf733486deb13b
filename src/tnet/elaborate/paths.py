"""Paths that a spec names: relative to its own folder, and inside the project."""

from __future__ import annotations

import os
from pathlib import Path

from ..diagnostics import error
from ..source import Source, Span

MARKERS = (".git", "pyproject.toml")


def resolve(name: str, spec: Source, span: Span | None) -> Path:
    """The path of a file or folder that a spec names: beside the spec, or else below the working directory.

    A path that the user gave (an override is a source of its own) may lie anywhere; one that the spec names must stay
    in the project: the nearest folder around the spec that holds `.git` or `pyproject.toml`, the spec's own folder
    where there is none, or the working directory. Raises SpecError (TN0304); the path need not exist.
    """
    bases = [*([spec.path.resolve().parent] if spec.path else []), Path.cwd()]
    candidates = [base / os.path.expanduser(name) for base in bases]
    found = next((path for path in candidates if path.exists()), candidates[0])
    if span is None or span.source is not spec:
        return found
    roots = [*([project_of(spec.path)] if spec.path else []), Path.cwd()]
    if not any(found.resolve().is_relative_to(root.resolve()) for root in roots):
        setting = "on the command line, as in data.train='ImageFolder(\"/data/photos\")'"
        raise error("TN0304", f"`{name}` is outside the project", span, help=f"paths elsewhere are given {setting}")
    return found


def project_of(spec: Path) -> Path:
    """The folder that a spec's paths must stay in."""
    folder = spec.resolve().parent
    return next((each for each in (folder, *folder.parents) if any((each / m).exists() for m in MARKERS)), folder)
