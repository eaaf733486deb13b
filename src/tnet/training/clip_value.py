"""`clip_value = 0.5`: no element of a gradient is larger than this, nor smaller than its negative."""

from __future__ import annotations

from torch.nn.utils import clip_grad_value_

from .hooks import Hook
from .state import State


class ClipValue(Hook):
    """Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html"""

    traceable = True

    def __init__(self, largest: float):
        self.largest = largest

    def after_backward(self, state: State) -> None:
        clip_grad_value_(state.model.parameters(), self.largest)
