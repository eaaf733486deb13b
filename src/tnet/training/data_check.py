"""`tnet check --data`: every sample of every part read and made once, and tried with the net and the loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..data.load import require_fit
from ..data.loaders import Loader
from ..data.recipe import DataRecipe
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
    recipe = spec.data_recipe
    severity = "warning" if recipe.on_bad_sample == "skip" else "error"
    try:
        loaders = replace(recipe, on_bad_sample="skip").load(fetch=False)
        found = [each for part in loaders.parts for each in _of_part(recipe, loaders.parts[part], part, severity)]
        if not any(each.is_error for each in found) and spec.recipe_name in spec.program.recipes:
            assemble(spec, None, lambda text: None)
    except SpecError as problem:
        return list(problem.diagnostics)
    return found


def _of_part(recipe: DataRecipe, loader: Loader, part: str, severity: str) -> list[Diagnostic]:
    found = list(dict.fromkeys(_bad(recipe, loader, part, severity)))
    if len(found) <= MOST:
        return found
    rest = Note(f"{len(found) - MOST} more samples are bad")
    return [*found[: MOST - 1], replace(found[MOST - 1], notes=(*found[MOST - 1].notes, rest))]


def _bad(recipe: DataRecipe, loader: Loader, part: str, severity: str) -> Iterator[Diagnostic]:
    for chunk in loader.indices.split(CHUNK if loader.samples.uniform else 1):
        try:
            fields = loader.some(chunk, 0)
            if fields:
                require_fit(recipe, loader, part, fields)
                _require_numbers(fields, chunk, loader)
        except SpecError as problem:
            yield from problem.diagnostics
    for message in loader.skipped.values():
        yield Diagnostic("TN0702", severity, message, loader.samples.span)


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
