"""`mixup = 0.2`: each sample is averaged with another, with one weight a batch from Beta(0.2, 0.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor


@dataclass(frozen=True)
class Mixup:
    """Source: Zhang et al., mixup: beyond empirical risk minimization, 2018."""

    alpha: float

    def __call__(
        self, inputs: Mapping[str, Tensor], order: Tensor, draws: np.random.Generator
    ) -> tuple[dict[str, Tensor], float]:
        share = float(draws.beta(self.alpha, self.alpha))
        return {name: share * value + (1 - share) * value[order] for name, value in inputs.items()}, share
