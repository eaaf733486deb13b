"""Files of weights: safetensors, a run's folder, and the checkpoints of other programs, none of whose code is run."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..data.sources.registry import existing
from ..diagnostics import SpecError, error
from ..source import Source, Span

ENTRIES = ("model_state", "model_state_dict", "state_dict", "model", "net", "network", "weights")
"""What programs call the weights in a checkpoint that has an optimizer's state and more beside them."""
RESULT = "model.safetensors"
"""The weights in a run's folder, and in each of its checkpoints."""
ENDINGS = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".tar")


def read_weights(name: str, spec: Source, span: Span | None) -> dict[str, Tensor]:
    """The tensors by name, on the CPU, of a file or of a run's folder.

    torch's own files are read with `weights_only=True`; of a checkpoint the weights alone are taken. Raises SpecError
    (TN0702) for what is missing, damaged or would run code.
    """
    path: Path = existing(name, spec, span)
    if path.is_dir():
        if not (path / RESULT).is_file():
            advice = "a run has one when it has ended; each of its checkpoints has one too"
            raise error("TN0702", f"the folder `{name}` has no `{RESULT}`", span, help=advice)
        path = path / RESULT
    if path.suffix not in ENDINGS:
        raise error("TN0702", f"`{path.name}` is none of {', '.join(ENDINGS)}", span)
    try:
        loaded = load_file(path) if path.suffix == ".safetensors" else _load_of_torch(path)
    except pickle.UnpicklingError as problem:
        raise _holds_code(path, problem, span) from problem
    except (SafetensorError, OSError, RuntimeError, ValueError, EOFError) as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        raise error("TN0702", f"`{path.name}` is damaged: {reason}", span) from problem
    return _weights_in(loaded, path.name, span)


def _load_of_torch(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def _holds_code(path: Path, problem: Exception, span: Span | None) -> SpecError:
    """A pickle with more than tensors and plain values in it, or no pickle at all."""
    found = re.search(r"GLOBAL ([\w.]+)", str(problem))
    if found is None:
        return error("TN0702", f"`{path.name}` is damaged: it is no file of torch's", span)
    advice = "save `model.state_dict()`, or better a safetensors file, where the class is at hand"
    return error("TN0702", f"`{path.name}` holds a pickled `{found[1]}`, whose code is not run", span, help=advice)


def _weights_in(loaded: Any, name: str, span: Span | None) -> dict[str, Tensor]:
    """The map of tensors that a file is, or has as one of its entries."""
    if is_weights(loaded):
        return dict(loaded)
    entries = {key: each for key, each in loaded.items() if is_weights(each)} if isinstance(loaded, Mapping) else {}
    known = [key for key in ENTRIES if key in entries]
    if known or len(entries) == 1:
        return dict(entries[known[0] if known else next(iter(entries))])
    has = ", ".join(f"`{key}`" for key in list(loaded)[:8]) if isinstance(loaded, Mapping) else type(loaded).__name__
    advice = f"it has {has}; weights are a map from names to tensors, or one of {', '.join(ENTRIES)}"
    raise error("TN0702", f"no weights are found in `{name}`", span, help=advice)


def is_weights(value: Any) -> bool:
    """Whether it is a map from names to tensors."""
    if not isinstance(value, Mapping) or not value:
        return False
    return all(isinstance(name, str) and isinstance(each, Tensor) for name, each in value.items())
