"""`weights = "file.safetensors"`: a model starts from what matches by name and shape."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..diagnostics import error
from ..source import Source, Span
from .weight_files import read_weights

WRAPPERS = ("module.", "_orig_mod.", "model.")
"""What wrappers put before names: DataParallel and averaged models, torch.compile, modules of Lightning."""


def load_matching(model: nn.Module, name: str, spec: Source, span: Span | None) -> list[str]:
    """Copy into the model what a file or a run's folder has for it; gives lines that say what did not match.

    Raises SpecError: TN0702 for a file that cannot be read, TN0703 where nothing matches.
    """
    stored = read_weights(name, spec, span)
    own = named_tensors(model, stored)
    given = stripped(stored, own)
    matching = {name: value for name, value in given.items() if name in own and value.shape == own[name].shape}
    if not matching:
        advice = f"it has {_few(given)}; the net has {_few(own)}"
        raise error("TN0703", f"nothing in `{name}` matches the net by name and shape", span, help=advice)
    with torch.no_grad():
        for key, value in matching.items():
            module, last = model.get_submodule(key.rpartition(".")[0]), key.rpartition(".")[2]
            if parametrize.is_parametrized(module, last):
                setattr(module, last, value.to(own[key].device))  # torch works out what it is made from
            else:
                own[key].copy_(value)
    lines = [f"weights: {len(matching)} of {len(own)} tensors from `{name}`"]
    lines += _listed("not in the file", [key for key in own if key not in given])
    other = [key for key in given if key in own and key not in matching]
    lines += _listed(
        "of another shape", [f"{key} {list(given[key].shape)} for {list(own[key].shape)}" for key in other]
    )
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
    """The tensors under the model's own names where only what wrappers put before them is different."""
    return {_unwrapped(name, given, own): value for name, value in given.items()}


def _unwrapped(name: str, given: Collection[str], own: Collection[str]) -> str:
    short = name.replace("._orig_mod.", ".")  # of a submodule that was compiled
    while short not in own and (prefix := next(filter(short.startswith, WRAPPERS), None)):
        short = short.removeprefix(prefix)
    return short if short in own and short not in given else name


def _few(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in list(names)[:3]) + (", …" if len(names) > 3 else "")


def _listed(what: str, names: list[str]) -> list[str]:
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return [f"weights {what}: {shown}"] if names else []
