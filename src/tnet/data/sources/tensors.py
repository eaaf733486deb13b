"""Samples that are tensors already: `Tensors("f.safetensors")`, arrays from Python."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from ...diagnostics import SpecError, did_you_mean, error
from ...parameters.arguments import lowered
from ...source import Span
from ..samples import Memory, is_class
from .base import Request, source

AS_A_MAP = 'tensors alone are read: `torch.save({"image": images, "target": labels}, "f.pt")`, or a safetensors file'
READABLE = (".safetensors", ".npz", ".pt", ".pth")


@source("Tensors")
def read(request: Request, path: Path) -> Memory:
    """`Tensors("f.safetensors")`, also `.npz`, `.pt`: a field for each named tensor, samples along dim 0."""
    return memory(read_file(path, request.span), request.fields, request.span)


def read_file(path: Path, span: Span | None) -> dict[str, Tensor]:
    """The named tensors of a file; no pickle but what `weights_only` allows. Raises SpecError (TN0702)."""
    if path.suffix not in READABLE:
        raise error("TN0702", f"`{path.name}` is none of {', '.join(READABLE)}", span)
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        if path.suffix == ".npz":
            return _arrays(path, span)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except SpecError:
        raise
    except pickle.UnpicklingError as problem:
        raise _objects(f"`{path.name}`", span) from problem
    except SafetensorError as problem:
        raise error("TN0702", f"`{path.name}` is damaged: {lowered(str(problem))}", span) from problem
    except Exception as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise error("TN0702", f"`{path.name}` cannot be read: {reason}", span) from problem
    if not isinstance(loaded, dict):
        raise error("TN0702", f"`{path.name}` is no map from names to tensors", span, help=AS_A_MAP)
    for name, each in loaded.items():
        if not isinstance(each, Tensor):
            raise error("TN0702", f"`{name}` of `{path.name}` is no tensor", span, help=AS_A_MAP)
    return loaded


def _arrays(path: Path, span: Span | None) -> dict[str, Tensor]:
    found = {}
    try:
        arrays = np.load(path, allow_pickle=False)
    except ValueError as problem:  # what is no archive is taken for a pickle
        raise error("TN0702", f"`{path.name}` cannot be read: it is no archive of arrays", span) from problem
    with arrays:
        for name in arrays.files:
            try:
                found[name] = as_tensor(arrays[name])
            except ValueError as problem:
                raise _objects(f"`{name}` of `{path.name}`", span) from problem
            except SpecError as problem:
                message = f"`{name}` of `{path.name}` holds no numbers: {arrays[name].dtype}"
                raise error("TN0702", message, span, help="give classes by their numbers, 0, 1, …") from problem
    return found


def _objects(what: str, span: Span | None) -> SpecError:
    return error("TN0702", f"{what} holds Python objects, which are not read: they could run code", span, help=AS_A_MAP)


def from_arrays(data: Any, inputs: Sequence[str], span: Span | None = None) -> Memory:
    """Samples from arrays or tensors in memory, which are not copied: the net's inputs in order and the target, or a
    map from field names. uint8 arrays of four dims are images. Raises SpecError (TN0703)."""
    if not isinstance(data, Mapping):
        parts = tuple(data) if isinstance(data, tuple | list) else (data,)
        names = [*inputs, "target"]
        if not len(inputs) <= len(parts) <= len(names):
            wanted = ", ".join(f"`{name}`" for name in names)
            raise error("TN0703", f"the data has {len(parts)} parts, the net and its loss take {wanted}", span)
        data = dict(zip(names, parts, strict=False))
    tensors = {str(name): as_tensor(value) for name, value in data.items()}
    return memory(tensors, inputs, span)


def _as_classes(target: Tensor) -> Tensor:
    """Whole numbers, and truth values, as losses take them: int64 or uint8."""
    return target.long() if is_class(target) and target.dtype != torch.uint8 else target


def memory(tensors: dict[str, Tensor], inputs: Sequence[str], span: Span | None) -> Memory:
    """Checked samples: every input of the net is there and all fields have as many samples. Raises SpecError."""
    for name in inputs:
        if name not in tensors:
            has = ", ".join(f"`{each}`" for each in tensors) or "nothing"
            advice = did_you_mean(name, tensors)
            raise error(
                "TN0703", f"the data has no `{name}`, which is an input of the net: it has {has}", span, help=advice
            )
    for name, tensor in tensors.items():
        if not tensor.ndim:
            raise error("TN0703", f"`{name}` is one number, not samples along its first dim", span)
    lengths = {name: len(tensor) for name, tensor in tensors.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"`{name}` {length}" for name, length in lengths.items())
        raise error("TN0703", f"the fields differ in their number of samples: {counts}", span)
    if "target" in tensors and "target" not in inputs:
        tensors = {**tensors, "target": _as_classes(tensors["target"])}
    images = tuple(name for name in inputs if tensors[name].dtype == torch.uint8 and tensors[name].ndim == 4)
    return Memory(tensors, images)


def as_tensor(value: Any) -> Tensor:
    """An array as a tensor that shares its memory where it can. Raises SpecError (TN0703) for what is no number."""
    if isinstance(value, Tensor):
        return value.detach().cpu()
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise error("TN0703", f"arrays hold numbers here, not {array.dtype}")
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    return torch.from_numpy(native if native.flags.writeable else native.copy())
