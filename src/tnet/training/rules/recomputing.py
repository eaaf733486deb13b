"""`recompute = true`: activations of a module are dropped after its forward pass and computed again for its backward.

https://docs.pytorch.org/docs/stable/checkpoint.html, without reentrance. What the torch page leaves to the user is
done here: buffers that a forward pass moves, as batch norms do, move once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


@contextmanager
def recomputing(modules: Sequence[nn.Module]) -> Iterator[None]:
    """While this is active, the modules are checkpointed when they run in training with gradients."""
    for module in modules:
        module.forward = partial(_forward, module, module.forward)
    try:
        yield
    finally:
        for module in modules:
            del module.forward


def _forward(module: nn.Module, forward: Callable, *args: Any, **kwargs: Any) -> Any:
    if not (module.training and torch.is_grad_enabled()):
        return forward(*args, **kwargs)
    if torch.compiler.is_compiling():  # compiled code writes to buffers once, whatever it computes again
        return checkpoint(forward, *args, use_reentrant=False, **kwargs)
    contexts = partial(_contexts, module)
    return checkpoint(forward, *args, use_reentrant=False, context_fn=contexts, **kwargs)


def _contexts(module: nn.Module) -> tuple[Any, Any]:
    return nullcontext(), _BuffersKept(module)


class _BuffersKept:
    """Afterwards the buffers have the values that they have now. Several backward passes, as of several losses, enter
    it one after another. Writing to `data` leaves the version alone by which autograd finds what it saved to have
    changed."""

    def __init__(self, module: nn.Module):
        self.module = module

    def __enter__(self) -> None:
        self.before = [(buffer, buffer.clone()) for buffer in self.module.buffers()]

    def __exit__(self, *_: Any) -> None:
        for buffer, value in self.before:
            buffer.data.copy_(value)
