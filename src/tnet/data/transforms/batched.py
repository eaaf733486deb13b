"""Random transforms on whole batches, each sample with draws of its own.

Each gives, for the same parameters, what torchvision's functional form gives for one sample: flips and crops exactly,
affine maps to rounding. `draws` is how many uniform numbers a sample takes; `parameters` turns them (float64 of shape
[samples, draws]) into what the functional form takes, and `apply` runs it on images of shape [samples, C, H, W].
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Flip:
    """`RandomHorizontalFlip` and `RandomVerticalFlip`: mirrored along `dim` with probability `p`."""

    draws = 1

    def __init__(self, transform: nn.Module, dim: int):
        self.p, self.dim = transform.p, dim

    def parameters(self, uniform: np.ndarray, height: int, width: int) -> dict[str, np.ndarray]:
        return {"flip": uniform[:, 0] < self.p}

    def apply(self, images: Tensor, parameters: dict[str, np.ndarray]) -> Tensor:
        flip = torch.from_numpy(parameters["flip"])
        return torch.where(flip[:, None, None, None], images.flip(self.dim), images)


class Crop:
    """`RandomCrop`: a window of one size at a random place, after padding."""

    draws = 2

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, height: int, width: int) -> dict[str, Any]:
        """`padding` (left, top, right, bottom) for all; `top` and `left` in the padded image for each."""
        crop = self.transform
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

    def apply(self, images: Tensor, parameters: dict[str, Any]) -> Tensor:
        from torchvision.transforms.v2 import functional

        height, width = self.transform.size
        if any(parameters["padding"]):
            fill, mode = self.transform.fill, self.transform.padding_mode
            images = functional.pad(images, parameters["padding"], fill=fill, padding_mode=mode)
        rows = torch.from_numpy(parameters["top"])[:, None] + torch.arange(height)
        columns = torch.from_numpy(parameters["left"])[:, None] + torch.arange(width)
        samples = torch.arange(len(images))[:, None, None, None]
        channels = torch.arange(images.shape[1])[None, :, None, None]
        return images[samples, channels, rows[:, None, :, None], columns[:, None, None, :]]


class Affine:
    """`RandomAffine`: rotation, then translation by whole pixels, scaling and shearing, about the centre."""

    draws = 6

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, height: int, width: int) -> dict[str, np.ndarray]:
        affine, (angle, across, down, scale, shear_x, shear_y) = self.transform, uniform.T
        most_x, most_y = (affine.translate[0] * width, affine.translate[1] * height) if affine.translate else (0, 0)
        shear = affine.shear or (0.0, 0.0)
        ranges_y = shear[2:] or (0.0, 0.0)
        return {
            "angle": _between(angle, *affine.degrees),
            "translate": np.stack([_between(across, -most_x, most_x), _between(down, -most_y, most_y)], 1).round(),
            "scale": _between(scale, *(affine.scale or (1.0, 1.0))),
            "shear": np.stack([_between(shear_x, *shear[:2]), _between(shear_y, *ranges_y)], 1),
        }

    def apply(self, images: Tensor, parameters: dict[str, np.ndarray]) -> Tensor:
        height, width = images.shape[-2:]
        center = self.transform.center
        offset = (center[0] - width * 0.5, center[1] - height * 0.5) if center is not None else (0.0, 0.0)
        matrices = inverse_affine(offset, **parameters)
        mode = getattr(self.transform.interpolation, "value", self.transform.interpolation)
        if mode not in ("nearest", "bilinear"):
            raise ValueError(f'interpolation "{mode}" is not for tensors; take "nearest" or "bilinear"')
        return sample_grid(images, torch.from_numpy(matrices), mode, self.transform.fill)


def _between(uniform: np.ndarray, low: float, high: float) -> np.ndarray:
    return low + uniform * (high - low)


def inverse_affine(
    center: tuple[float, float], angle: np.ndarray, translate: np.ndarray, scale: np.ndarray, shear: np.ndarray
) -> np.ndarray:
    """Inverse maps from output to input pixels, about the centre, float64 of shape [samples, 2, 3].

    The matrices of torchvision's `_get_inverse_affine_matrix`: rotation by `angle` degrees after scaling and shearing.
    """
    rotation, (shear_x, shear_y) = np.radians(angle), np.radians(shear).T
    (center_x, center_y), (shift_x, shift_y) = center, translate.T
    a = np.cos(rotation - shear_y) / np.cos(shear_y)
    b = -(a * np.tan(shear_x) + np.sin(rotation))
    c = np.sin(rotation - shear_y) / np.cos(shear_y)
    d = np.cos(rotation) - c * np.tan(shear_x)
    top, bottom = (d / scale, -b / scale), (-c / scale, a / scale)
    to_x = center_x - top[0] * (center_x + shift_x) - top[1] * (center_y + shift_y)
    to_y = center_y - bottom[0] * (center_x + shift_x) - bottom[1] * (center_y + shift_y)
    return np.stack([np.stack([*top, to_x], 1), np.stack([*bottom, to_y], 1)], 1)


def sample_grid(images: Tensor, matrices: Tensor, mode: str, fill: Any) -> Tensor:
    """Images [samples, C, H, W] read at the places that `matrices` [samples, 2, 3] give; `fill` outside.

    As torchvision's `affine` does it: whole numbers go through float32 and are rounded, and with bilinear reading the
    border fades into `fill` by the share of the pixel that lies outside.
    """
    height, width = images.shape[-2:]
    whole = not images.is_floating_point()
    values = images.float() if whole else images
    x = torch.linspace((1.0 - width) * 0.5, (width - 1.0) * 0.5, width, dtype=values.dtype)
    y = torch.linspace((1.0 - height) * 0.5, (height - 1.0) * 0.5, height, dtype=values.dtype)
    pixels = torch.stack([*torch.meshgrid(x, y, indexing="xy"), torch.ones(height, width, dtype=values.dtype)], -1)
    half = torch.tensor([0.5 * width, 0.5 * height], dtype=values.dtype)
    maps = matrices.to(values.dtype).transpose(1, 2) / half
    grid = (pixels.view(1, height * width, 3) @ maps).view(-1, height, width, 2)
    fills = fill if isinstance(fill, list | tuple) else [fill]
    plain = fill is None or (mode == "nearest" and not any(fills))
    read = values if plain else torch.cat([values, torch.ones_like(values[:, :1])], 1)
    read = F.grid_sample(read, grid, mode=mode, padding_mode="zeros", align_corners=False)
    if not plain:
        read, inside = read[:, :-1], read[:, -1:]
        filling = torch.tensor(fills, dtype=values.dtype).view(1, -1, 1, 1)
        read = torch.where(inside < 0.5, filling, read) if mode == "nearest" else (read - filling) * inside + filling
    return read.round().to(images.dtype) if whole else read


BATCHED = {
    "RandomHorizontalFlip": lambda transform: Flip(transform, -1),
    "RandomVerticalFlip": lambda transform: Flip(transform, -2),
    "RandomCrop": Crop,
    "RandomAffine": Affine,
}
"""Random transforms that run on whole batches; all others run on one sample after another."""

WHOLE = frozenset(
    {"CenterCrop", "ConvertImageDtype", "Grayscale", "Identity", "Normalize", "Pad", "RGB", "Resize", "ToDtype"}
)
"""Transforms without draws, which torchvision itself runs on any number of samples at once."""
