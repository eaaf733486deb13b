"""A detector run for real on one small image, for the shapes of what its heads are given: regions, found by data."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch import nn
from torchvision.models.detection.anchor_utils import AnchorGenerator

from .fake import FakeRun
from .partial import Batches

SIDE = 64


def small_run(detector: nn.Module, path: str) -> Any:
    """What the submodule at a path is given and gives, as types: `(args, kwargs, result)`; None if it is never applied.

    `detector` is on the meta device and stays as it is.
    """
    small = copy.deepcopy(detector).to_empty(device="cpu")
    small.transform.min_size, small.transform.max_size = (SIDE,), SIDE
    with torch.no_grad(), torch.random.fork_rng(devices=()), warnings.catch_warnings(action="ignore"):
        for tensor in (*small.parameters(), *small.buffers()):
            tensor.zero_()
        for each in small.modules():
            if isinstance(each, AnchorGenerator):  # its anchors are no buffers
                each.__init__(each.sizes, each.aspect_ratios)
        return FakeRun({}).leave(Batches(small, path)(torch.zeros(1, 3, SIDE, SIDE)))
