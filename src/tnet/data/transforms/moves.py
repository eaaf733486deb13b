"""Crops of whole batches, and rectangles that are erased: results are torchvision's to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .kinds import Image, Mask, Video, like, one, plain, stacked

Parameters = dict[str, Any]
TRIES = 10
"""How often torchvision tries to find a rectangle that fits."""


class Crop:
    """`RandomCrop`: a window of one size at a random place, after padding."""

    draws = 2
    kinds = (Image, Mask, Video)

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, shape: torch.Size) -> Parameters:
        """`padding` (left, top, right, bottom) for all; `top` and `left` in the padded image for each."""
        crop, (height, width) = self.transform, shape[-2:]
        left, right, top, bottom = crop.padding or (0, 0, 0, 0)
        crop_height, crop_width = crop.size
        if crop.pad_if_needed:
            down = max(0, crop_height - height - top - bottom)
            across = max(0, crop_width - width - left - right)
            top, bottom, left, right = top + down, bottom + down, left + across, right + across
        rows, columns = height + top + bottom - crop_height, width + left + right - crop_width
        if rows < 0 or columns < 0:
            padded = [height + top + bottom, width + left + right]
            raise ValueError(f"the crop {[crop_height, crop_width]} is larger than the padded image {padded}")
        return {
            "padding": [left, top, right, bottom],
            "top": (uniform[:, 0] * (rows + 1)).astype(np.int64),
            "left": (uniform[:, 1] * (columns + 1)).astype(np.int64),
        }

    def of(self, parameters: Parameters, sample: int) -> Parameters:
        height, width = self.transform.size
        top, left = int(parameters["top"][sample]), int(parameters["left"][sample])
        padding = parameters["padding"]
        place = {"top": top, "left": left, "height": height, "width": width}
        return {"needs_crop": True, "needs_pad": any(padding), "padding": padding, **place}

    def apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        padded = images
        if any(parameters["padding"]):
            whole = {"needs_crop": False, "needs_pad": True, "padding": parameters["padding"]}
            padded = self.transform.transform(images, whole)
        return like(windows(plain(padded), parameters["top"], parameters["left"], *self.transform.size), images)


def windows(images: Tensor, top: np.ndarray, left: np.ndarray, height: int, width: int) -> Tensor:
    """A window of one size of each image [samples, …, H, W], at its own place.

    Each row of a window lies in one piece in memory, so rows are copied whole, from a view that has a row at each
    place.
    """
    flat = images.contiguous().view(-1)
    middle, (rows, columns) = images.shape[1:-2], images.shape[-2:]
    whole = np.int32 if flat.numel() < 2**31 else np.int64  # half the bytes to look up
    planes = np.arange(len(images) * middle.numel(), dtype=whole).reshape(len(images), -1, 1)
    top, left = (each.astype(whole)[:, None, None] for each in (top, left))
    starts = (planes * rows + top + np.arange(height, dtype=whole)) * columns + left
    every = flat.as_strided((flat.numel() - width + 1, width), (1, 1))
    return every.index_select(0, torch.from_numpy(starts.reshape(-1))).view(len(images), *middle, height, width)


class ResizedCrop:
    """`RandomResizedCrop`: a window of random area and ratio, brought to one size by torchvision itself.

    Ten tries as in torchvision, of which the first that fits counts; else the largest window in the middle.
    """

    draws = 2 * TRIES + 2
    kinds = (Image, Mask, Video)

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, shape: torch.Size) -> Parameters:
        (height, width), crop = shape[-2:], self.transform
        across, down = sides(uniform, height * width, crop.scale, crop.ratio)
        fits = (across > 0) & (across <= width) & (down > 0) & (down <= height)
        found = placed(fits, down, across, uniform[:, -2:], height, width)
        middle = self._middle(height, width)
        return {name: np.where(fits.any(1), value, middle[name]) for name, value in found.items()}

    def _middle(self, height: int, width: int) -> dict[str, int]:
        least, most = min(self.transform.ratio), max(self.transform.ratio)
        rows = round(width / least) if width / height < least else height
        columns = round(height * most) if width / height > most else width
        return {"top": (height - rows) // 2, "left": (width - columns) // 2, "height": rows, "width": columns}

    def of(self, parameters: Parameters, sample: int) -> Parameters:
        return {name: int(value[sample]) for name, value in parameters.items()}

    def apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        windows = (self.of(parameters, number) for number in range(len(images)))
        return stacked([self.transform.transform(one(images, i), window) for i, window in enumerate(windows)])


class Erasing:
    """`RandomErasing` with given values: a rectangle of random area and ratio, the first of ten tries that fits."""

    draws = 2 * TRIES + 3
    kinds = (Image, Video)

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, shape: torch.Size) -> Parameters:
        """`erased` says whether a sample loses its rectangle."""
        erasing, (channels, height, width) = self.transform, shape[-3:]
        if len(erasing.value) not in (1, channels):
            raise ValueError(f"`value` has {len(erasing.value)} numbers, the image has {channels} channels")
        down, across = sides(uniform, height * width, erasing.scale, erasing.ratio)
        fits = (down < height) & (across < width)
        found = placed(fits, down, across, uniform[:, -3:-1], height, width)
        return {**found, "erased": fits.any(1) & (uniform[:, -1] < erasing.p)}

    def of(self, parameters: Parameters, sample: int) -> Parameters | None:
        if not parameters["erased"][sample]:
            return None
        names = {"i": "top", "j": "left", "h": "height", "w": "width"}
        return {short: int(parameters[name][sample]) for short, name in names.items()} | {"v": self._value}

    @property
    def _value(self) -> Tensor:
        return torch.tensor(self.transform.value)[:, None, None]

    def apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        result, value = plain(images).clone(), self._value.to(images.dtype)
        places = np.stack([parameters[name] for name in ("top", "left", "height", "width")], 1).tolist()
        for number in parameters["erased"].nonzero()[0].tolist():
            top, left, height, width = places[number]
            result[number, ..., top : top + height, left : left + width] = value
        return like(result, images)


def sides(
    uniform: np.ndarray, area: int, scale: Sequence[float], ratio: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Sides in pixels of `TRIES` rectangles a sample: the root of area times ratio, and of area by ratio; areas are
    uniform over shares of `area`, ratios over their logarithm."""
    areas = area * _between(uniform[:, :TRIES], *scale)
    ratios = np.exp(_between(uniform[:, TRIES : 2 * TRIES], *np.log(ratio)))
    return np.round(np.sqrt(areas * ratios)).astype(np.int64), np.round(np.sqrt(areas / ratios)).astype(np.int64)


def placed(
    fits: np.ndarray, down: np.ndarray, across: np.ndarray, uniform: np.ndarray, height: int, width: int
) -> dict[str, np.ndarray]:
    """The first rectangle of each sample that fits, at a uniform place."""
    first = fits.argmax(1)[:, None]
    rows, columns = np.take_along_axis(down, first, 1)[:, 0], np.take_along_axis(across, first, 1)[:, 0]
    top = (uniform[:, 0] * (height - rows + 1)).astype(np.int64)
    left = (uniform[:, 1] * (width - columns + 1)).astype(np.int64)
    return {"top": top, "left": left, "height": rows, "width": columns}


def _between(uniform: np.ndarray, low: float, high: float) -> np.ndarray:
    return low + uniform * (high - low)
