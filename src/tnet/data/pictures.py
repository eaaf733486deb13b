"""Picture files as tensors: what torchvision's folders give by PIL, to the bit, and sooner."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import PIL.Image
import torch
from torchvision import io, tv_tensors

DECODER = getattr(io, "decode_jpeg", None)
"""Of libjpeg-turbo, which PIL decodes with as well; torchvision means to leave it to another package one day.
https://docs.pytorch.org/vision/stable/generated/torchvision.io.decode_jpeg.html"""
FRAMES = {0xC0, 0xC1, 0xC2}
"""Markers of a JPEG file before the size of its image (ITU-T T.81, table B.1): baseline, extended, progressive."""
BARE = {0x01, 0xFF, *range(0xD0, 0xD9)}
"""Markers without a length: fill bytes, restarts and the start of the image."""


@dataclass
class Decoder:
    """Reads picture files, in RGB. With `least`, a height and width that are needed, JPEG files of at least four times
    that size are decoded at a half, a quarter or an eighth, which leaves twice of what is needed, as `Image.thumbnail`
    of PIL has it: an antialiased `Resize` from there then differs from that of the whole picture by less than a
    hundredth where that is smooth, and by a few hundredths in fine detail.

    https://pillow.readthedocs.io/en/stable/reference/Image.html#PIL.Image.Image.thumbnail
    """

    least: tuple[int, int] | None = None

    def __call__(self, path: str) -> Any:
        """A JPEG file of three channels as a `tv_tensors.Image`, any other as PIL gives it. Raises OSError."""
        content = np.fromfile(path, dtype=np.uint8)
        shape = frame(content[: 2**17].tobytes())
        if DECODER and shape and shape[2] == 3 and shape[0] * shape[1] <= (PIL.Image.MAX_IMAGE_PIXELS or inf):
            if self.least and shape[0] >= 4 * self.least[0] and shape[1] >= 4 * self.least[1]:
                return _smaller(path, *self.least)
            with suppress(RuntimeError):  # torchvision has no decoders, or PIL can say more of the file
                return tv_tensors.Image(DECODER(torch.from_numpy(content)))
        with PIL.Image.open(path) as picture:
            return picture.convert("RGB")


def _smaller(path: str, height: int, width: int) -> PIL.Image.Image:
    with PIL.Image.open(path) as picture:
        picture.draft("RGB", (2 * width, 2 * height))
        return picture.convert("RGB")


def frame(content: bytes) -> tuple[int, int, int] | None:
    """Height, width and channels of a JPEG file by its first bytes; None where it is none, or they do not say."""
    if content[:3] != b"\xff\xd8\xff":
        return None
    place = 2
    while place + 10 <= len(content) and content[place] == 0xFF:
        marker, field = content[place + 1], content[place + 2 : place + 10]
        if marker in FRAMES:
            return int.from_bytes(field[3:5]), int.from_bytes(field[5:7]), field[7]
        place += 1 if marker == 0xFF else 2 if marker in BARE else 2 + int.from_bytes(field[:2])
    return None
