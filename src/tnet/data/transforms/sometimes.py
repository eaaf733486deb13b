"""Transforms that happen to a sample or not, in one way: flips, grey, inverted, posterised …"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .kinds import Image, Mask, Video, replaced, taken

Parameters = dict[str, Any]


class Sometimes:
    """With probability `p` what torchvision's kernel does, to all chosen samples at once: its kernels take any number
    of leading dims."""

    draws = 1
    kinds = (Image, Video, Mask)

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, shape: torch.Size) -> Parameters:
        return {"happens": uniform[:, 0] < self.transform.p, "channels": shape[-3] if len(shape) > 2 else 1}

    def of(self, parameters: Parameters, sample: int) -> Parameters | None:
        return {"num_input_channels": parameters["channels"]} if parameters["happens"][sample] else None

    def apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        happens, channels = parameters["happens"], {"num_input_channels": parameters["channels"]}
        if not happens.any():
            return images
        if happens.all():
            return self.transform.transform(images, channels)
        chosen = torch.from_numpy(happens.nonzero()[0])
        return replaced(images, chosen, self.transform.transform(taken(images, chosen), channels))
