"""Specs from the sample inputs of torch's own table of operators (`torch.testing`), and what they must give."""

from __future__ import annotations

import math
import warnings
from functools import cache
from itertools import islice
from typing import Any
from unittest.mock import patch

import torch

from tnet.catalog.functions import METHODS_BESIDE_FUNCTIONS, find_function, is_method

SAMPLES = 3
LARGEST = 20_000
DTYPES = {torch.float32: "float", torch.float64: "float64", torch.int64: "int", torch.bool: "bool",
          torch.complex64: "complex64", torch.int32: "int32", torch.uint8: "uint8"}  # fmt: skip


NOT_GIVEN = frozenset({"device", "requires_grad", "pin_memory"})
"""Arguments that are not for a model to say, which the samples give as they are by default."""


class NotWritten(Exception):
    """An argument that a spec has no words for."""


@cache
def operators() -> dict[str, Any]:
    """torch's own table by the name that a spec calls the operator, the first of several variants."""
    with patch("torch.backends.disable_global_flags"):  # for good, and torch's tests alone are to be held by it
        from torch.testing._internal.common_methods_invocations import op_db

    found: dict[str, Any] = {}
    for each in op_db:
        found.setdefault(each.name.removeprefix("nn.functional."), each)
    return found


def samples(name: str) -> list[Any]:
    """The first sample inputs that are small and dense."""
    operator = operators()[name]
    dtype = next((each for each in (torch.float32, torch.int64, torch.complex64) if each in operator.dtypes), None)
    if dtype is None:
        return []
    torch.manual_seed(0)
    with warnings.catch_warnings(action="ignore"):
        made = operator.sample_inputs("cpu", dtype, requires_grad=False)
        return list(islice((each for each in made if is_small(each)), SAMPLES))


def is_small(sample: Any) -> bool:
    found: list[torch.Tensor] = []
    gather((sample.input, sample.args, sample.kwargs), found)
    return all(each.layout == torch.strided and each.numel() <= LARGEST for each in found)


def gather(value: Any, found: list[torch.Tensor]) -> None:
    if isinstance(value, torch.Tensor):
        found.append(value)
    elif isinstance(value, (tuple, list)):
        for each in value:
            gather(each, found)
    elif isinstance(value, dict):
        gather(list(value.values()), found)


def spec_of(name: str, sample: Any) -> tuple[str, list[torch.Tensor]]:
    """The text of a net that calls an operator as a sample does, and its inputs. Raises `NotWritten`."""
    tensors: list[torch.Tensor] = []
    positional = [written(each, tensors) for each in (sample.input, *sample.args)]
    keywords = [f"{key}={written(each, tensors)}" for key, each in sample.kwargs.items() if key not in NOT_GIVEN]
    call = ", ".join([*positional, *keywords])
    beside = name in METHODS_BESIDE_FUNCTIONS and "functional" not in operators()[name].name
    if is_method(name) and (find_function(name, step=False) is None or beside):
        name, call = f"t0.{name}", ", ".join([*positional[1:], *keywords])
    ports = ", ".join(f"t{number}: {type_of(each)}" for number, each in enumerate(tensors)) or "t: float[1]"
    return f"net A({ports}) {{ x = {name}({call}) }}", tensors or [torch.zeros(1)]


def type_of(tensor: torch.Tensor) -> str:
    if tensor.dtype not in DTYPES:
        raise NotWritten
    return f"{DTYPES[tensor.dtype]}[{', '.join(map(str, tensor.shape))}]"


def written(value: Any, tensors: list[torch.Tensor]) -> str:
    """A literal of the language; a tensor becomes the next input."""
    match value:
        case torch.Tensor():
            tensors.append(value.detach().contiguous())
            return f"t{len(tensors) - 1}"
        case bool() | None:
            return str(value).lower()
        case float() if not math.isfinite(value):
            return str(value)
        case int() | float():
            return repr(value)
        case str() if '"' not in value and "{" not in value:
            return f'"{value}"'
        case list() | tuple() if type(value) in (list, tuple, torch.Size):
            return f"[{', '.join(written(each, tensors) for each in value)}]"
        case torch.dtype():
            return str(value).removeprefix("torch.")
    raise NotWritten


def in_python(name: str, sample: Any) -> Any:
    """What PyTorch gives for a sample whose tensors are contiguous."""

    def contiguous(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.detach().contiguous()
        return type(value)(map(contiguous, value)) if type(value) in (list, tuple) else value

    args = tuple(map(contiguous, (sample.input, *sample.args)))
    return operators()[name].op(*args, **{key: contiguous(each) for key, each in sample.kwargs.items()})
