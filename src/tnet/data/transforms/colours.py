"""Colours of whole batches, each sample with factors of its own.

The arithmetic of torchvision's kernels, in their order, with a factor for each sample in place of one number:
https://github.com/pytorch/vision/blob/main/torchvision/transforms/v2/functional/_color.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional

from .kinds import Image, like, plain, taken

Parameters = dict[str, Any]
FACTORS = ("brightness", "contrast", "saturation", "hue")


class Jitter:
    """`ColorJitter`: brightness, contrast, saturation and hue, in an order drawn for each sample."""

    draws = 8
    kinds = (Image,)

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, shape: torch.Size) -> Parameters:
        """The factors that are not left out, and `order`, int64 of shape [samples, 4] of numbers in `FACTORS`."""
        _require_colours(shape)
        ranges = {name: getattr(self.transform, name) for name in FACTORS}
        found: Parameters = {"order": uniform[:, 4:].argsort(1)}
        for number, (name, limits) in enumerate(ranges.items()):
            if limits is not None:
                found[name] = limits[0] + uniform[:, number] * (limits[1] - limits[0])
        return found

    def of(self, parameters: Parameters, sample: int) -> Parameters:
        factors = {f"{name}_factor": _factor(parameters.get(name), sample) for name in FACTORS}
        return {"fn_idx": torch.from_numpy(parameters["order"][sample]), **factors}

    def apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        rounds = [[parameters["order"][:, turn] == number for number in range(4)] for turn in range(4)]
        return like(adjusted(plain(images), rounds, parameters), images)


class Distort:
    """`RandomPhotometricDistort`: each of the four with probability `p`, contrast before or after, channels swapped."""

    draws = 13
    kinds = (Image,)

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, shape: torch.Size) -> Parameters:
        """A factor of nan leaves a sample as it is."""
        _require_colours(shape)
        p, found = self.transform.p, {}
        for number, name in enumerate(FACTORS):
            low, high = getattr(self.transform, name)
            found[name] = np.where(uniform[:, 4 + number] < p, low + uniform[:, number] * (high - low), np.nan)
        channels = uniform[:, 10 : 10 + shape[-3]].argsort(1)
        kept = np.arange(shape[-3])
        swapped = uniform[:, 9, None] < p
        return {**found, "before": uniform[:, 8] < 0.5, "channels": np.where(swapped, channels, kept)}

    def of(self, parameters: Parameters, sample: int) -> Parameters:
        factors = {f"{name}_factor": _factor(parameters[name], sample) for name in FACTORS}
        channels = torch.from_numpy(parameters["channels"][sample])
        return {**factors, "contrast_before": bool(parameters["before"][sample]), "channel_permutation": channels}

    def apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        there = {name: ~np.isnan(parameters[name]) for name in FACTORS}
        never, before = np.zeros(len(images), dtype=bool), parameters["before"]
        rounds = [
            [there["brightness"], never, never, never],
            [never, there["contrast"] & before, never, never],
            [never, never, there["saturation"], never],
            [never, never, never, there["hue"]],
            [never, there["contrast"] & ~before, never, never],
        ]
        result = adjusted(plain(images), rounds, parameters)
        places = torch.from_numpy(parameters["channels"])[:, :, None, None].expand(result.shape)
        return like(result.gather(1, places), images)


def _require_colours(shape: torch.Size) -> None:
    if len(shape) < 3 or shape[-3] not in (1, 3):
        raise ValueError(f"images of 1 or 3 channels are needed, these are {list(shape)}")


def _factor(values: np.ndarray | None, sample: int) -> float | None:
    return None if values is None or np.isnan(values[sample]) else float(values[sample])


def adjusted(images: Tensor, rounds: Sequence[Sequence[np.ndarray]], parameters: Parameters) -> Tensor:
    """Images [samples, C, H, W] after rounds, each of which says which samples meet which of `FACTORS`."""
    result = images.clone()
    for turn in rounds:
        for name, meets in zip(FACTORS, turn, strict=True):
            if name in parameters and meets.any():
                chosen = torch.from_numpy(meets.nonzero()[0])
                factors = parameters[name][meets].reshape(-1, 1, 1, 1)
                result[chosen] = ADJUST[name](taken(result, chosen), factors)
    return result


def brightness(images: Tensor, factors: np.ndarray) -> Tensor:
    return _in_range(images.mul(_as(factors, images)), images)


def contrast(images: Tensor, factors: np.ndarray) -> Tensor:
    return _blend(images, _grey(images).mean(dim=(-3, -2, -1), keepdim=True), factors)


def saturation(images: Tensor, factors: np.ndarray) -> Tensor:
    return images if images.shape[-3] == 1 else _blend(images, _grey(images), factors)


def hue(images: Tensor, factors: np.ndarray) -> Tensor:
    """The hue of images of three channels, turned by `factors` of a full circle."""
    if images.shape[-3] == 1:
        return images
    values = functional.to_dtype(images, torch.float32, scale=True)
    turned = to_rgb(*turn(*to_hsv(values), _as(factors, values)[:, 0]))
    return functional.to_dtype(turned, images.dtype, scale=True)


ADJUST: dict[str, Callable[[Tensor, np.ndarray], Tensor]] = {
    "brightness": brightness,
    "contrast": contrast,
    "saturation": saturation,
    "hue": hue,
}


def _as(factors: np.ndarray, images: Tensor) -> Tensor:
    return torch.from_numpy(factors).to(images.dtype if images.is_floating_point() else torch.float32)


def _grey(images: Tensor) -> Tensor:
    """Brightness as the eye sees it [samples, 1, H, W], in whole numbers where the images are."""
    whole = not images.is_floating_point()
    if images.shape[-3] == 1:
        return images.float() if whole else images
    red, green, blue = images.unbind(-3)
    grey = red.mul(0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114).unsqueeze(-3)
    return grey.floor_() if whole else grey


def _blend(images: Tensor, others: Tensor, factors: np.ndarray) -> Tensor:
    """Both in these shares. torchvision's `add_(others, alpha=…)` rounds product and sum once, which takes doubles."""
    shares = images.mul(_as(factors, images))
    total = shares.double().add_(others.double() * _as(1.0 - factors, images).double())
    return _in_range(total.to(shares.dtype), images)


def _in_range(values: Tensor, images: Tensor) -> Tensor:
    if images.is_floating_point():
        return values.clamp_(0, 1)
    return values.clamp_(0, torch.iinfo(images.dtype).max).to(images.dtype)


def to_hsv(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue, saturation and value, each [samples, H, W] in [0, 1], as Pillow's `rgb2hsv` computes them."""
    red, green, _ = images.unbind(-3)
    least, most = torch.aminmax(images, dim=-3)
    grey, spread = most == least, most - least
    saturation = spread / torch.where(grey, 1.0, most)
    from_red, from_green, from_blue = (
        (most.unsqueeze(-3) - images) / torch.where(grey, 1.0, spread).unsqueeze(-3)
    ).unbind(-3)
    of_red, of_green = most == red, most == green
    sextant = (
        (from_blue - from_green) * of_red
        + (2.0 + from_red - from_blue) * (of_green & ~of_red)
        + (4.0 + from_green - from_red) * ~(of_green | of_red)
    )
    return sextant.mul(1.0 / 6.0).add_(1.0).fmod_(1.0), saturation, most


def turn(hue: Tensor, saturation: Tensor, value: Tensor, by: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return hue.add(by).remainder_(1.0), saturation, value


def to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Images [samples, 3, H, W] from hue, saturation and value."""
    sixths = hue.mul(6)
    sextant = torch.floor(sixths)
    share = (sixths - sextant) * saturation
    rest = 1.0 - saturation
    falling = (1.0 - share).mul_(value).clamp_(0.0, 1.0)
    rising = (share + rest).mul_(value).clamp_(0.0, 1.0)
    least = rest.mul_(value).clamp_(0.0, 1.0)
    parts = torch.stack((value, least, falling, rising), dim=-3)
    places = SEXTANTS[:, sextant.long().remainder_(6)].moveaxis(0, -3)
    return parts.gather(-3, places)


SEXTANTS = torch.tensor([[0, 2, 1, 1, 3, 0], [3, 0, 0, 2, 1, 1], [1, 1, 3, 0, 0, 2]])
"""For red, green and blue, in each sixth of the circle, which of value, least, falling and rising it is."""
