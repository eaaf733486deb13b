"""`channels_last = true`: weights and images in memory as [N, H, W, C], which convolutions are faster on.

Source: https://docs.pytorch.org/tutorials/intermediate/memory_format_tutorial.html
"""

from __future__ import annotations

import torch

from .hooks import Batch, Hook
from .state import State


class ChannelsLast(Hook):
    """Lays out the images of a batch, those inputs that have four dims, as the model's weights are."""

    def __init__(self, inputs: tuple[str, ...]):
        self.inputs = inputs

    def on_batch(self, state: State, batch: Batch) -> Batch:
        images = {name: batch[name] for name in self.inputs if batch[name].ndim == 4}
        return batch | {name: value.contiguous(memory_format=torch.channels_last) for name, value in images.items()}
