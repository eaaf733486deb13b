"""`ema = 0.999`: an exponential moving average of the parameters, which evaluation and the result use."""

from __future__ import annotations

import torch
from torch import nn

from .hooks import Hook
from .state import State


class Ema(Hook):
    """Moves `average`, a copy of the model, after each optimizer step; buffers are copied.

    As `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn`, whose first average is the model after its
    first step. https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html
    """

    def __init__(self, decay: float, average: nn.Module, model: nn.Module):
        self.decay = decay
        pairs = [*zip(average.parameters(), model.parameters(), strict=True)]
        moving = [pair for pair in pairs if pair[0].is_floating_point() or pair[0].is_complex()]
        fixed = [pair for pair in pairs if not (pair[0].is_floating_point() or pair[0].is_complex())]
        copied = [*zip(average.buffers(), model.buffers(), strict=True), *fixed]
        self.averages, self.parameters = [a for a, _ in moving], [p for _, p in moving]
        self.copies, self.originals = [a for a, _ in copied], [b for _, b in copied]

    @torch.no_grad()
    def after_update(self, state: State) -> None:
        if state.step == 0:
            torch._foreach_copy_(self.averages, self.parameters)
        else:
            torch._foreach_lerp_(self.averages, self.parameters, 1 - self.decay)
        if self.copies:
            torch._foreach_copy_(self.copies, self.originals)
