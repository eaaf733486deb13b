"""`max_norm = 3`: after each step each slice of a parameter along dim 0 is scaled to at most this norm."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..hooks import Hook
from ..state import State


class MaxNorm(Hook):
    """Max-norm regularisation of Srivastava et al., Dropout, 2014, by
    https://docs.pytorch.org/docs/stable/generated/torch.renorm.html"""

    def __init__(self, limits: Sequence[tuple[Tensor, float]]):
        self.limits = limits

    @torch.no_grad()
    def after_update(self, state: State) -> None:
        for tensor, largest in self.limits:
            tensor.renorm_(2, 0, largest)
