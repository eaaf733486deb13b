"""Specs from files and texts, with values for their names.

spec = tnet.load("specs/digits.tnet", width=16, overrides={"train.epochs": 5})
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .diagnostics import SpecError, nearest
from .source import Source
from .spec import Spec

if TYPE_CHECKING:
    from .ir.program import Override


def load(
    path: str | os.PathLike,
    /,
    overrides: Mapping[str, Any] | None = None,
    allow: Sequence[str] = (),
    recipe: str | None = None,
    **hypers: Any,
) -> Spec:
    """The spec of a file, with hyper-parameters by keyword and settings by name as on the command line.

    `overrides` maps names (`train.epochs`, `data.workers`, `train.optimizer.lr`, or a hyper-parameter) to values; a
    text is read as tnet, as it is on the command line. `allow` names the modules and packages of Python code that the
    spec may `use`, and so run; `recipe` chooses `train NAME { … }`. Raises SpecError with `.diagnostics`.
    """
    return Spec(read(path), hypers, from_python(overrides or {}), recipe_name=recipe, allow=allow).checked()


def loads(
    text: str,
    /,
    name: str = "<text>",
    overrides: Mapping[str, Any] | None = None,
    allow: Sequence[str] = (),
    recipe: str | None = None,
    **hypers: Any,
) -> Spec:
    """The same for the text of a spec; `name` stands for the file in diagnostics."""
    source = Source(name, text)
    return Spec(source, hypers, from_python(overrides or {}), recipe_name=recipe, allow=allow).checked()


def read(path: str | os.PathLike) -> Source:
    """The text of a spec. Raises SpecError; for a missing file it names the one that may be meant."""
    from .syntax import read

    try:
        return read(os.fspath(path))
    except SpecError as problem:
        (diagnostic,) = problem.diagnostics
        found = nearest(Path(path).name, (each.name for each in Path(path).parent.glob("*.tnet")))
        if found and not Path(path).exists():
            diagnostic = replace(diagnostic, help=f"did you mean `{Path(path).with_name(found)}`?")
        raise SpecError([diagnostic]) from problem


def from_python(overrides: Mapping[str, Any]) -> list[Override]:
    """The overrides of a map from names to values."""
    from .ir.program import Override

    def override(name: str, value: Any) -> Override:
        if not isinstance(value, str):
            return Override(name, value)
        source = Source("<overrides>", f"{name}={value}")
        return Override(name, None, source.span(len(name) + 1, len(source.text)), source.span(0, len(name)))

    return [override(name, value) for name, value in overrides.items()]
