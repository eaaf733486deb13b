"""`tnet check --data`: every sample of every part read and made once, and tried with the net and the loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..data.loaders import Loader
from ..diagnostics import Diagnostic, Note, SpecError, error
from .parts import assemble

if TYPE_CHECKING:
    from ..spec import Spec

MOST = 20
"""How many bad samples of a part are named one by one."""
CHUNK = 512


def check_data(spec: Spec) -> list[Diagnostic]:
    """What is wrong with the data of a spec, as it would be trained; nothing is downloaded or trained.

    Bad samples are errors, or warnings where `on_bad_sample` skips them.
    """
    try:
        loaders = spec.data_recipe.load(fetch=False)
        found = [each for loader in loaders.parts.values() for each in _of_part(loader)]
        if not any(each.is_error for each in found) and spec.recipe_name in spec.program.recipes:
            assemble(spec, None, lambda text: None)
    except SpecError as problem:
        return list(problem.diagnostics)
    return found


def _of_part(loader: Loader) -> list[Diagnostic]:
    found = list(dict.fromkeys(_bad(loader)))
    if len(found) <= MOST:
        return found
    rest = Note(f"{len(found) - MOST} more samples are bad")
    return [*found[: MOST - 1], replace(found[MOST - 1], notes=(*found[MOST - 1].notes, rest))]


def _bad(loader: Loader) -> Iterator[Diagnostic]:
    for chunk in loader.indices.split(CHUNK if loader.samples.uniform else 1):
        try:
            _require_numbers(loader.batch(chunk, 0), chunk, loader)
        except SpecError as problem:
            yield from problem.diagnostics
    for message in loader.skipped.values():
        yield Diagnostic("TN0702", "warning", message, loader.samples.span)


def _require_numbers(fields: dict[str, Tensor], chunk: Tensor, loader: Loader) -> None:
    """Raises SpecError (TN0703) for a value that is infinite or none."""
    for name, value in fields.items():
        if not value.is_floating_point() or len(value) != len(chunk):
            continue
        wrong = ~torch.isfinite(value).reshape(len(value), -1).all(1)
        if wrong.any():
            index = int(chunk[wrong][0])
            message = f"`{name}` of sample {loader.samples.called(index)} is infinite or no number"
            raise error("TN0703", message, loader.samples.span)
