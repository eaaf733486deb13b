"""`cutmix = 1.0`: a box of each image is another's, of an area from Beta(1, 1), at one place a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor


@dataclass(frozen=True)
class Cutmix:
    """Source: Yun et al., CutMix: regularization strategy to train strong classifiers with localizable features, 2019,
    and its code, https://github.com/clovaai/CutMix-PyTorch"""

    alpha: float

    def __call__(
        self, inputs: Mapping[str, Tensor], order: Tensor, draws: np.random.Generator
    ) -> tuple[dict[str, Tensor], float]:
        """Images [N, C, H, W]. The share is the area that is left, after the box is cut at the edges."""
        height, width = next(iter(inputs.values())).shape[2:]
        side = (1 - draws.beta(self.alpha, self.alpha)) ** 0.5
        top, bottom = _extent(height, side, draws)
        left, right = _extent(width, side, draws)
        mixed = {}
        for name, value in inputs.items():
            mixed[name] = value.clone()
            mixed[name][:, :, top:bottom, left:right] = value[order, :, top:bottom, left:right]
        return mixed, 1 - (bottom - top) * (right - left) / (height * width)


def _extent(size: int, side: float, draws: np.random.Generator) -> tuple[int, int]:
    """A box's begin and end along a dim of this size: `side` of it long, around any place."""
    half, middle = int(size * side) // 2, int(draws.integers(size))
    return max(middle - half, 0), min(middle + half, size)
