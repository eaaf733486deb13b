"""Samples that are tensors already: `Tensors("f.safetensors")`, arrays from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor

from ...diagnostics import did_you_mean, error
from ...parameters.arguments import lowered
from ...source import Span
from ..samples import Memory
from .base import Request, source

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
            with np.load(path, allow_pickle=False) as arrays:
                return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as problem:
        raise error("TN0702", f"`{path.name}` is damaged: {lowered(str(problem))}", span) from problem
    except Exception as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise error("TN0702", f"`{path.name}` cannot be read: {reason}", span) from problem
    if not isinstance(loaded, dict) or not all(isinstance(each, Tensor) for each in loaded.values()):
        raise error("TN0702", f"`{path.name}` is no map from names to tensors", span)
    return loaded


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
