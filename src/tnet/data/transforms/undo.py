"""Images as they were before `Normalize`, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .steps import Step


def undone(steps: Sequence[Step], images: Tensor) -> Tensor:
    """Images [N, C, …] that went through the steps of `transform`, in the numbers that they had before each
    `Normalize` among them; what other steps do stays."""
    for step in reversed(steps):
        if step.transform.name == "Normalize":
            shape = (-1, *[1] * (images.ndim - 2))
            mean, std = (torch.tensor(each, dtype=images.dtype, device=images.device).view(shape)
                         for each in (step.module.mean, step.module.std))  # fmt: skip
            images = images * std + mean
    return images
