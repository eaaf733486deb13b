"""The split of a run: the numbers of each part's samples, kept in its folder so that going on and testing use them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor

from ..data.recipe import DataRecipe
from ..diagnostics import error
from .files import cannot, write

SPLIT = "split.safetensors"
DECIDING = ("train", "split", "split_seed", "by")
"""The settings that decide a split."""


def save(folder: Path, split: Mapping[str, Tensor]) -> None:
    """Raises SpecError (TN0902)."""
    if split:
        write(folder / SPLIT, safetensors.save({name: indices.contiguous() for name, indices in split.items()}))


def load(folder: Path, about: Mapping[str, Any], recipe: DataRecipe) -> dict[str, Tensor] | None:
    """The split of a run; None where its data was not cut, or is cut otherwise now. Raises SpecError (TN0902)."""
    was, now = about["data"]["settings"], recipe.given
    if not (folder / SPLIT).exists() or any(was.get(name) != now.get(name) for name in DECIDING):
        return None
    try:
        return safetensors.load_file(folder / SPLIT)
    except OSError as problem:
        raise cannot("read", folder / SPLIT, problem) from problem
    except SafetensorError as problem:
        raise error("TN0902", f"`{folder / SPLIT}` is damaged: {str(problem).splitlines()[0]}") from problem
