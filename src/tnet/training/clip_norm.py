"""`clip_norm = 1.0`, `clip_norm = Norm(20, type=1)`: the joint norm of all gradients is at most this."""

from __future__ import annotations

from torch.nn.utils import clip_grad_norm_

from ..parameters.values import NormChoice
from .hooks import Hook
from .state import State


class ClipNorm(Hook):
    """Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html"""

    traceable = True

    def __init__(self, choice: NormChoice):
        self.choice = choice

    def after_backward(self, state: State) -> None:
        clip_grad_norm_(state.model.parameters(), self.choice.largest, self.choice.type)
