"""`dtype = "float64"`: what `float` means in a run: the default dtype of torch, and that of its data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

KNOWN = ("float32", "float64", "bfloat16", "float16")
WRITTEN = torch.float32
"""What `float` is in a net's types and in data, before a run says otherwise."""


@contextmanager
def default_dtype(name: str | None) -> Iterator[None]:
    """Have torch make float tensors of this dtype; None leaves it as it is.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.set_default_dtype.html
    """
    before = torch.get_default_dtype()
    try:
        if name:
            torch.set_default_dtype(getattr(torch, name))
        yield
    finally:
        torch.set_default_dtype(before)


def in_default(dtype: torch.dtype) -> torch.dtype:
    """What a dtype of the net's types is in this run."""
    return torch.get_default_dtype() if dtype == WRITTEN else dtype


def as_written(tensor: Tensor) -> str:
    """The name that a tensor's dtype has in the net's types."""
    dtype = WRITTEN if tensor.dtype == torch.get_default_dtype() else tensor.dtype
    return str(dtype).removeprefix("torch.")
