"""`weights = "file.safetensors"`: a model starts from what matches by name and shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

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
    stored = read_file(path, span)
    own = named_tensors(model, stored)
    given = stripped(stored, own)
    matching = {name: value for name, value in given.items() if name in own and value.shape == own[name].shape}
    if not matching:
        raise error("TN0703", f"nothing in `{name}` matches the net by name and shape", span)
    with torch.no_grad():
        for key, value in matching.items():
            module, last = model.get_submodule(key.rpartition(".")[0]), key.rpartition(".")[2]
            if parametrize.is_parametrized(module, last):
                setattr(module, last, value.to(own[key].device))  # torch works out what it is made from
            else:
                own[key].copy_(value)
    lines = [f"weights: {len(matching)} of {len(own)} tensors from `{name}`"]
    lines += _listed("not in the file", [key for key in own if key not in given])
    lines += _listed("of another shape", [key for key in given if key in own and key not in matching])
    return lines + _listed("not in the net", [key for key in given if key not in own])


def named_tensors(model: nn.Module, given: Collection[str]) -> dict[str, Tensor]:
    """A model's tensors by name; parametrized ones by the spec's own names, unless `given` has those that torch gives
    to what they are made from."""
    found = model.state_dict()
    for path, module in model.named_modules():
        for last in list(getattr(module, "parametrizations", ())) if parametrize.is_parametrized(module) else ():
            inner = f"{path}.parametrizations.{last}."
            if not any(inner in name for name in given):
                found = {name: tensor for name, tensor in found.items() if not name.startswith(inner)}
                found[f"{path}.{last}"] = getattr(module, last).detach()
    return found


def misfits(given: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> list[str]:
    """What stands in the way of loading all of the tensors, a line each."""
    lines = [f"`{name}` is not in the net" for name in given if name not in own]
    lines += [f"`{name}` is missing" for name in own if name not in given]
    sizes = {name: (list(given[name].shape), list(own[name].shape)) for name in own if name in given}
    return lines + [f"`{name}` is {old}, the net has {new}" for name, (old, new) in sizes.items() if old != new]


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
