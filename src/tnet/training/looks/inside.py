"""First-layer kernels, and what layers make of a sample."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..compiled import Forward
from ..modes import buffers_kept, evaluating
from ..outputs import outputs_of
from .distributions import evenly

MOST_KERNELS = 64
MOST_LAYERS = 6
MOST_CHANNELS = 16


@dataclass(frozen=True)
class Kernels:
    """The weights [number, channels, height, width] of the first layer that looks at pixels, `path`."""

    path: str
    weights: Tensor
    total: int


@dataclass(frozen=True)
class FeatureMaps:
    """What the layer `path` makes of one sample: the first of its `channels`, [number, height, width]."""

    path: str
    kind: str
    maps: Tensor
    channels: int


@dataclass
class Inside:
    """What a pass has shown: maps by layer, and the net's outputs for all samples."""

    features: list[FeatureMaps] = field(default_factory=list)
    outputs: Sequence[Tensor] = ()


def kernels(model: nn.Module, images: Sequence[Sequence[Any]]) -> Kernels | None:
    """Of the first convolution with kernels of more than a pixel, else of the first linear layer over all pixels of
    one of the `images`, whose sizes [C, H, W] are given."""
    with evaluating(model), torch.no_grad():
        for path, module in model.named_modules():
            weight = getattr(module, "weight", None)
            if isinstance(weight, Tensor) and weight.ndim == 4 and prod(weight.shape[2:]) > 1:
                return _kernels(path, weight)
        sizes = [tuple(each) for each in images if all(isinstance(size, int) for size in each)]
        for path, module in model.named_modules():
            weight = getattr(module, "weight", None)
            size = next((each for each in sizes if _is_over(weight, each)), None)
            if size:
                return _kernels(path, weight.view(-1, *size))
    return None


def _is_over(weight: object, size: Sequence[int]) -> bool:
    """Whether a weight is that of a linear layer over all pixels of an image."""
    return isinstance(weight, Tensor) and weight.ndim == 2 and weight.shape[1] == prod(size)


def _kernels(path: str, weight: Tensor) -> Kernels:
    return Kernels(path, weight[:MOST_KERNELS].detach().float().cpu().clone(), len(weight))


def look_inside(forward: Forward, batch: Mapping[str, Tensor], paths: Sequence[str] | None = None) -> Inside:
    """Pass samples through the model, in eval mode and without a trace, and keep what layers make of the first one.

    `paths` names the layers; without, they are convolutions spread over the depth, or whatever gives maps.
    """
    model, kept = forward.model, {}
    modules = dict(model.named_modules())
    watched = {path: modules[path] for path in paths} if paths else _leaves(modules)
    with without_a_trace(forward), ExitStack() as stack:
        for path, module in watched.items():
            stack.enter_context(module.register_forward_hook(_keeper(kept, path)))
        _, outputs = forward.run(batch)
    shown = list(kept) if paths else _chosen(kept, modules)
    features = [FeatureMaps(path, type(modules[path]).__name__, *kept[path]) for path in shown]
    return Inside(features, [each.detach().float().cpu() for each in outputs_of(outputs) if isinstance(each, Tensor)])


def _leaves(modules: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    return {path: each for path, each in modules.items() if next(each.children(), None) is None}


def _keeper(kept: dict[str, tuple[Tensor, int]], path: str) -> Any:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        first = output[0] if isinstance(output, tuple | list) and output else output
        if isinstance(first, Tensor) and first.ndim in (3, 4) and min(first.shape[-2:]) > 1:
            maps = first[0] if first.ndim == 4 else first[:1]
            kept[path] = (maps[:MOST_CHANNELS].detach().float().cpu(), len(maps))

    return hook


def _chosen(kept: Mapping[str, tuple[Tensor, int]], modules: Mapping[str, nn.Module]) -> list[str]:
    convolutions = [path for path in kept if "Conv" in type(modules[path]).__name__]
    several = [path for path in kept if kept[path][1] > 1]
    return evenly(convolutions or several or list(kept), MOST_LAYERS)


@contextmanager
def without_a_trace(forward: Forward) -> Iterator[None]:
    """Eval mode, no gradients, nothing compiled; buffers and all random streams are put back afterwards."""
    model = forward.model
    states = random.getstate(), np.random.get_state()
    devices = [forward.device] if forward.device.type == "cuda" else []
    eager = torch.compiler.set_stance("force_eager")
    try:
        with torch.random.fork_rng(devices), buffers_kept(model), evaluating(model), torch.no_grad(), eager:
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
