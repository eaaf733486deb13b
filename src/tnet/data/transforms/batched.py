"""Random transforms on whole batches, each sample with draws of its own: which there are, and what they have in common.

Each gives, for the same parameters, what torchvision's transform gives for one sample: flips, crops and the like
exactly, affine maps and colours to rounding. `draws` is how many uniform numbers a sample takes; `parameters` turns
them (float64 of shape [samples, draws]) into what the transform needs for images of a shape [samples, …, C, H, W];
`of` gives those of one sample as torchvision's own `transform(value, parameters)` takes them, None where nothing
happens to it; `apply` runs them all on a batch of one of `kinds`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from .affine import Affine, Rotation
from .colours import Distort, Jitter
from .moves import Crop, Erasing, ResizedCrop
from .sometimes import Sometimes


class Batched(Protocol):
    draws: int
    kinds: tuple[type[Tensor], ...]

    def parameters(self, uniform: np.ndarray, shape: torch.Size) -> dict[str, Any]: ...
    def of(self, parameters: dict[str, Any], sample: int) -> dict[str, Any] | None: ...
    def apply(self, images: Tensor, parameters: dict[str, Any]) -> Tensor: ...


def batched(name: str, module: nn.Module) -> Batched | None:
    """The form of a transform for whole batches, None for one that runs on one sample after another."""
    if name in BATCHED:
        return BATCHED[name](module)
    return Sometimes(module) if happens_or_not(type(module)) else None


def _same_fill(kind: Callable[[nn.Module], Batched]) -> Callable[[nn.Module], Batched | None]:
    """A fill for each kind of picture is left to torchvision."""
    return lambda module: None if isinstance(module.fill, dict) else kind(module)


BATCHED: dict[str, Callable[[nn.Module], Batched | None]] = {
    "RandomCrop": _same_fill(Crop),
    "RandomResizedCrop": ResizedCrop,
    "RandomAffine": _same_fill(Affine),
    "RandomRotation": lambda module: None if module.expand else _same_fill(Rotation)(module),
    "RandomErasing": lambda module: Erasing(module) if module.value is not None else None,
    "ColorJitter": Jitter,
    "RandomPhotometricDistort": Distort,
}


@cache
def happens_or_not(cls: type) -> bool:
    """Whether chance only decides if a transform happens, and not how."""
    from torchvision.transforms import v2

    base = v2.RandomHorizontalFlip.__mro__[1]  # torchvision keeps its name to itself
    other = cls.make_params not in (base.make_params, v2.RandomGrayscale.make_params)
    return issubclass(cls, base) and cls.forward is base.forward and not other


@cache
def draws_nothing(cls: type) -> bool:
    """Whether a transform does the same to every sample, so that torchvision runs it on any number of them at once."""
    from torchvision.transforms import v2

    plain = cls.forward is v2.Transform.forward and cls.make_params is v2.Transform.make_params
    return plain and cls not in (v2.GaussianNoise, v2.ToPILImage)
