"""`precision = "fp16"`: losses are scaled up before the backward pass, so that small gradients are no zeros in float16.

Source: https://docs.pytorch.org/docs/stable/notes/amp_examples.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from ..diagnostics import error
from ..source import Span


class Scaling:
    """torch's `GradScaler` over one optimizer or several. A step whose gradients are not finite moves nothing; it
    counts all the same, and the schedule goes on, as in torch's own loop."""

    def __init__(self, device: torch.device):
        self.scaler = torch.amp.GradScaler(device.type)

    def scale(self, loss: Tensor) -> Tensor:
        return self.scaler.scale(loss)

    def unscale(self, optimizer: Any) -> None:
        """Have gradients in their own size, for what clips or looks at them."""
        for each in _with_gradients(optimizer):
            self.scaler.unscale_(each)

    def step(self, optimizer: Any, moves: bool) -> None:
        """Move the parameters, if they are to move, and adapt the scale."""
        for each in _with_gradients(optimizer) if moves else ():
            self.scaler.step(each)
        self.scaler.update()

    def state_dict(self) -> dict[str, Any]:
        return self.scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scaler.load_state_dict(state)


def _with_gradients(optimizer: Any) -> Iterator[Optimizer]:
    """The optimizers that have something to do: torch's scaler refuses one whose parameters are all frozen."""
    for each in getattr(optimizer, "optimizers", [optimizer]):
        if any(tensor.grad is not None for group in each.param_groups for tensor in group["params"]):
            yield each


WITHOUT_GPU = '`precision = "fp16"` needs a GPU, and this trains on the CPU'
INSTEAD = 'write `precision = "bf16"`, which needs no scaled losses'


def require_gpu(precision: str, device: torch.device, span: Span | None) -> None:
    """Raises SpecError (TN0803) for float16 on a CPU."""
    if precision == "fp16" and device.type == "cpu":
        raise error("TN0803", WITHOUT_GPU, span, help=INSTEAD)
