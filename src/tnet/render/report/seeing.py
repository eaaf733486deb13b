"""A look at a model as plain data for `report.json`: pictures as PNG, numbers rounded."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
from torch import Tensor

from ...training.looks.inside import FeatureMaps, Kernels
from ...training.looks.look import Look
from ...training.looks.predictions import Sample
from ..pixels import Pixels, coloured, picture, png_of, signed, spread

MOST_PIXELS = 160
"""The longer side of a sample's picture."""


def seen(look: Look) -> dict[str, Any]:
    """What of a look there is, by what it is."""
    found = {
        "classes": list(look.classes),
        "confusion": look.confusion,
        "dense": look.dense,
        "by_label": dict(look.by_label),
        "samples": [_sample(each) for each in look.samples],
        "scatter": [[float(f"{number:.4g}") for number in pair] for pair in look.scatter],
        "kernels": _kernels(look.kernels) if look.kernels else None,
        "features": [features(each) for each in look.features],
        "given": [[shown(image) for image in each] for each in look.given],
        "made": [{"name": each.name, "pictures": [shown(image) for image in each.pictures]} for each in look.made],
    }
    return {name: value for name, value in found.items() if value}


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "number": sample.number, "path": sample.path, "target": sample.target, "predicted": sample.predicted,
        "probability": sample.probability, "loss": sample.loss, "pictures": [shown(each) for each in sample.pictures],
        "values": sample.values, "maps": [encoded(coloured(each), MOST_PIXELS) for each in sample.maps],
    }  # fmt: skip


def shown(image: Tensor) -> dict[str, Any]:
    """A sample's picture."""
    return encoded(picture(image), MOST_PIXELS)


def encoded(pixels: Pixels, most: int | None = None) -> dict[str, Any]:
    """A PNG with the size that it stands for."""
    return {"size": [pixels.shape[1], pixels.shape[0]], "png": b64encode(png_of(pixels, most)).decode()}


def kernel_pictures(kernels: Kernels) -> list[Pixels]:
    """Each kernel as a picture: in colours where it has three channels, else its first channel, zero as grey."""
    coloured = kernels.weights.shape[1] == 3
    most = kernels.weights.abs().amax()  # one scale for all, so that weak kernels look weak
    return [signed((each if coloured else each[0]) / most.clamp(min=1e-12), most=1.0) for each in kernels.weights]


def _kernels(kernels: Kernels) -> dict[str, Any]:
    pictures = kernel_pictures(kernels)
    channels = kernels.weights.shape[1]
    return {"path": kernels.path, "total": kernels.total, "number": len(pictures), "channels": channels,
            **encoded(mosaic(pictures))}  # fmt: skip


def features(found: FeatureMaps) -> dict[str, Any]:
    """The maps of a layer in one picture."""
    pictures = [spread(each) for each in found.maps]
    return {"path": found.path, "kind": found.kind, "channels": found.channels, "number": len(pictures),
            "maps": list(found.maps.shape[1:]), **encoded(mosaic(pictures), 640)}  # fmt: skip


def mosaic(pictures: list[Pixels], gap: int = 1) -> Pixels:
    """Pictures of one size in rows of about equal number, with nothing (transparent) between them: [H, W, 4]."""
    height, width = pictures[0].shape[:2]
    columns = min(len(pictures), max(1, round((len(pictures) * 2 * height / width) ** 0.5)))
    rows = -(-len(pictures) // columns)
    whole = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, 4), np.uint8)
    for number, each in enumerate(pictures):
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        whole[top : top + height, left : left + width, :3] = each if each.ndim == 3 else each[:, :, None]
        whole[top : top + height, left : left + width, 3] = 255
    return whole
