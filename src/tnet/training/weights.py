"""`weights = "file.safetensors"`: a model starts from what matches by name and shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data.sources.registry import existing
from ..data.sources.tensors import read_file
from ..diagnostics import error
from ..source import Source, Span

WRAPPERS = ("module.", "_orig_mod.", "model.")
"""Prefixes that wrappers put before every name."""


def load_matching(model: nn.Module, name: str, spec: Source, span: Span | None) -> list[str]:
    """Copy into the model what the file has for it; gives lines that say what did not match.

    Raises SpecError: TN0702 for a file that cannot be read, TN0703 where nothing matches.
    """
    path: Path = existing(name, spec, span)
    given = stripped(read_file(path, span), model.state_dict())
    own = model.state_dict()
    matching = {name: value for name, value in given.items() if name in own and value.shape == own[name].shape}
    if not matching:
        raise error("TN0703", f"nothing in `{name}` matches the net by name and shape", span)
    with torch.no_grad():
        for key, value in matching.items():
            own[key].copy_(value)
    lines = [f"weights: {len(matching)} of {len(own)} tensors from `{name}`"]
    lines += _listed("not in the file", [key for key in own if key not in given])
    lines += _listed("of another shape", [key for key in given if key in own and key not in matching])
    return lines + _listed("not in the net", [key for key in given if key not in own])


def stripped(given: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without the prefixes that all their names have and the model's have not."""
    found = dict(given)
    for _ in range(len(WRAPPERS)):
        for prefix in WRAPPERS:
            if all(name.startswith(prefix) for name in found) and not any(name.startswith(prefix) for name in own):
                found = {name.removeprefix(prefix): value for name, value in found.items()}
    return found


def _listed(what: str, names: list[str]) -> list[str]:
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return [f"weights {what}: {shown}"] if names else []
