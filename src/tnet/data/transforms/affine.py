"""Affine maps of whole batches, a map for each sample: torchvision's to rounding.

torchvision builds one map and reads the image at it with `grid_sample`; here each sample has a map of its own.
https://github.com/pytorch/vision/blob/main/torchvision/transforms/v2/functional/_geometry.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .kinds import Image, like, one, plain

Parameters = dict[str, Any]


class Affine:
    """`RandomAffine`: rotation, then translation by whole pixels, scaling and shearing, about the centre."""

    draws = 6
    kinds = (Image,)

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, shape: torch.Size) -> Parameters:
        affine, (height, width), (angle, across, down, scale, shear_x, shear_y) = self.transform, shape[-2:], uniform.T
        most_x, most_y = (affine.translate[0] * width, affine.translate[1] * height) if affine.translate else (0, 0)
        shear = affine.shear or (0.0, 0.0)
        ranges_y = shear[2:] or (0.0, 0.0)
        return {
            "angle": _between(angle, *affine.degrees),
            "translate": np.stack([_between(across, -most_x, most_x), _between(down, -most_y, most_y)], 1).round(),
            "scale": _between(scale, *(affine.scale or (1.0, 1.0))),
            "shear": np.stack([_between(shear_x, *shear[:2]), _between(shear_y, *ranges_y)], 1),
        }

    def of(self, parameters: Parameters, sample: int) -> Parameters:
        return {
            "angle": float(parameters["angle"][sample]),
            "translate": [int(each) for each in parameters["translate"][sample]],
            "scale": float(parameters["scale"][sample]),
            "shear": parameters["shear"][sample].tolist(),
        }

    def apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        return read_at(images, inverse_affine(_offset(self.transform, images.shape), **parameters), self.transform)


class Rotation:
    """`RandomRotation` that keeps the size: by an angle about the centre."""

    draws = 1
    kinds = (Image,)

    def __init__(self, transform: nn.Module):
        self.transform = transform

    def parameters(self, uniform: np.ndarray, shape: torch.Size) -> Parameters:
        return {"angle": _between(uniform[:, 0], *self.transform.degrees)}

    def of(self, parameters: Parameters, sample: int) -> Parameters:
        return {"angle": float(parameters["angle"][sample])}

    def apply(self, images: Tensor, parameters: Parameters) -> Tensor:
        angle = parameters["angle"]
        still = np.zeros((len(images), 2))
        matrices = inverse_affine(_offset(self.transform, images.shape), -angle, still, np.ones(len(images)), still)
        result = read_at(images, matrices, self.transform)
        for number in (angle % 90 == 0).nonzero()[0].tolist():  # torchvision turns these without reading between pixels
            plain(result)[number] = self.transform.transform(one(images, number), self.of(parameters, number))
        return result


def _offset(transform: nn.Module, shape: torch.Size) -> tuple[float, float]:
    """The centre of the map, in pixels from the middle of the image."""
    height, width = shape[-2:]
    center = transform.center
    return (center[0] - width * 0.5, center[1] - height * 0.5) if center is not None else (0.0, 0.0)


def read_at(images: Tensor, matrices: np.ndarray, transform: nn.Module) -> Tensor:
    """Images read at the places of `matrices` [samples, 2, 3], with the interpolation and fill of a transform."""
    mode = getattr(transform.interpolation, "value", transform.interpolation)
    if mode not in ("nearest", "bilinear"):
        raise ValueError(f'interpolation "{mode}" is not for tensors; take "nearest" or "bilinear"')
    return like(sample_grid(plain(images), torch.from_numpy(matrices), mode, transform.fill), images)


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
