"""Tensors of safetensors files that parameters start from: `init = file("w.safetensors", "key")`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from ..diagnostics import did_you_mean, error
from ..elaborate.paths import resolve
from ..source import Span


def find(name: str, key: str, spans: Mapping[str, Span | None]) -> Path:
    """The file, which is there and has that tensor; nothing but its header is read.

    Raises SpecError: TN0902 for a file that cannot be read, TN0304 for one outside the project, TN0605 for the key.
    """
    place = spans["name"]
    path = resolve(name, place.source, place)
    if not path.is_file():
        raise error("TN0902", f"no file `{name}`", place, help=f"looked for {path}")
    try:
        with safe_open(path, framework="pt") as file:
            keys = list(file.keys())
    except (SafetensorError, OSError) as problem:
        raise error("TN0902", f"`{name}` is no safetensors file: {problem}", place) from problem
    if key not in keys:
        listed = ", ".join(f"`{each}`" for each in keys[:8]) + (", …" if len(keys) > 8 else "")
        advice = did_you_mean(key, keys) or f"it has {listed or 'none'}"
        raise error("TN0605", f"`{name}` has no tensor `{key}`", spans["key"], help=advice)
    return path


def stored_shape(path: Path, key: str) -> tuple[int, ...]:
    with safe_open(path, framework="pt") as file:
        return tuple(file.get_slice(key).get_shape())


def stored(path: Path, key: str) -> torch.Tensor:
    with safe_open(path, framework="pt") as file:
        return file.get_tensor(key)
