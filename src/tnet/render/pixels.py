"""Tensors and arrays as pixels: uint8 of shape [height, width] (grey), [height, width, 3] (red, green, blue)
or [height, width, 4] (and how much they cover)."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

PALETTE = (
    (77, 171, 247), (255, 146, 43), (81, 207, 102), (204, 93, 232), (255, 107, 107), (252, 196, 25), (34, 184, 207),
    (240, 101, 149), (148, 216, 45), (132, 94, 247), (222, 226, 230), (160, 110, 60),
)  # fmt: skip
"""Red, green and blue of classes, in turn."""
NEUTRAL = 128
"""The grey that stands for zero where values have a sign."""


def picture(image: Tensor) -> Pixels:
    """An image [channels, height, width], uint8 or float in [0, 1], as it is meant to be seen: the first three channels
    as colours, or the first as grey. What is outside of [0, 1] is clipped, what is no number black."""
    values = image.detach().cpu()
    if values.is_floating_point():
        values = values.float().nan_to_num(0.0).clamp(0, 1).mul(255).round()
    values = values[:3] if len(values) >= 3 else values[:1]
    shown = values.numpy().astype(np.uint8).transpose(1, 2, 0)
    return shown if shown.shape[2] == 3 else shown[:, :, 0]


def colour_of(number: int) -> tuple[int, int, int]:
    """The colour of a class in a map: black for the first, which often is the background."""
    return (0, 0, 0) if number == 0 else PALETTE[(number - 1) % len(PALETTE)]


def coloured(classes: Tensor) -> Pixels:
    """The classes of pixels, [height, width]; grey where there is none, which losses leave out (negative, or 255)."""
    numbers = classes.cpu().numpy()
    shown = np.full((*numbers.shape, 3), NEUTRAL, np.uint8)
    for number in np.unique(numbers[(numbers >= 0) & (numbers < 255)]):
        shown[numbers == number] = colour_of(int(number))
    return shown


def spread(values: Tensor) -> Pixels:
    """Numbers [height, width] from the smallest, black, to the largest, white."""
    values = values.detach().float().cpu().nan_to_num(0.0)
    low, high = float(values.min()), float(values.max())
    return ((values - low) / ((high - low) or 1.0) * 255).round().numpy().astype(np.uint8)


def signed(values: Tensor, most: float | None = None) -> Pixels:
    """Numbers with a sign, [height, width] or [3, height, width] (colours): grey is zero, sizes of `most`, the largest
    where none is given, are black or white."""
    values = values.detach().float().cpu().nan_to_num(0.0)
    most = most or float(values.abs().max()) or 1.0
    shown = (NEUTRAL + values / most * (255 - NEUTRAL)).round().clamp(0, 255).numpy().astype(np.uint8)
    return shown.transpose(1, 2, 0) if shown.ndim == 3 else shown


def png_of(pixels: Pixels, most: int | None = None) -> bytes:
    """The pixels as a PNG; one with a side of more than `most` is made smaller."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    if most is not None and max(image.size) > most:
        image.thumbnail((most, most), Image.Resampling.BOX)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
