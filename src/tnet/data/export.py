"""Samples as PNG files in class folders: `DIR/train/cat/00017.png`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import torch
from torch import Tensor

from ..diagnostics import error
from .loaders import Loader, Loaders
from .survey import called, chunks, source_of

LONGEST = 100
"""Characters of a folder's name: file systems take 255 bytes."""


def export(loaders: Loaders, folder: Path, write: Callable[[Path, bytes], object]) -> tuple[int, list[str]]:
    """Writes the images of all samples, as they come from their source, and gives their number, and what is wrong with
    each sample that was skipped.

    `folder` must be empty or not be there; each file is written by `write`. Class folders are named by classes, with
    what no file name should hold as `%2F`. Raises SpecError: TN0902 for the folder, TN0703 for data without images.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise error("TN0902", f"`{folder}` is not empty", help="name an empty folder, or one that is to be made")
    except OSError as problem:
        raise error("TN0902", f"cannot use `{folder}`: {(problem.strerror or '').lower()}") from problem
    count, skipped = 0, []
    for part, loader in loaders.parts.items():
        for name, content in files(loader, loaders, skipped):
            write(folder / part / name, content)
            count += 1
    return count, skipped


def files(loader: Loader, loaders: Loaders, skipped: list[str]) -> Iterator[tuple[Path, bytes]]:
    """The path of each image below the part's folder, with its PNG."""
    samples, digits = source_of(loader), len(str(len(source_of(loader)) - 1))
    if not samples.images:
        raise error("TN0703", "the data has no images to export", samples.span)
    labels = samples.labels
    for chunk, fields in chunks(samples, loader.indices, skipped):
        for row, number in enumerate(chunk.tolist()):
            place = Path() if labels is None else Path(safe(called(int(labels[number]), loaders.classes)))
            for name in samples.images:
                several = f"_{name}" if len(samples.images) > 1 else ""
                yield place / f"{number:0{digits}}{several}.png", png(fields[name][row])


def safe(name: str) -> str:
    """A class's name as that of a folder, equal for equal names only."""
    quoted = quote(name, safe=" ,+()[]=@!") or "%"
    quoted = "%2E" + quoted[1:] if quoted.startswith(".") else quoted
    quoted = quoted[:-1] + "%20" if quoted.endswith(" ") else quoted
    if len(quoted) <= LONGEST:
        return quoted
    return quoted[:LONGEST] + "%" + hashlib.sha256(name.encode()).hexdigest()[:8]


def png(image: Tensor) -> bytes:
    """An image [C, H, W], uint8 or float in [0, 1], as a PNG; the frames of a video [T, C, H, W] side by side."""
    from torchvision.transforms.v2 import functional

    pixels = torch.cat(list(image), dim=-1) if image.ndim == 4 else image
    if pixels.is_floating_point():
        pixels = functional.to_dtype(pixels.clamp(0, 1), torch.uint8, scale=True)
    if pixels.dtype != torch.uint8 or pixels.shape[0] not in (1, 3):
        kind = f"{str(pixels.dtype).removeprefix('torch.')}{list(pixels.shape)}"
        raise error("TN0703", f"PNG files are of one or three channels of bytes, the images are {kind}")
    out = BytesIO()
    functional.to_pil_image(pixels).save(out, "PNG")
    return out.getvalue()
