"""The size of pictures that pipelines need, for decoders that can give smaller ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .choose import Transform


def size_needed(stages: Iterable[Sequence[Transform]]) -> tuple[int, int] | None:
    """The largest height and width to which the first steps of the pipelines bring pictures, where each begins with an
    antialiased `Resize`, alike in training and evaluation."""
    sizes = [_resized(stage[0]) if stage else None for stage in stages]
    if not sizes or None in sizes:
        return None
    return max(height for height, _ in sizes), max(width for _, width in sizes)


def _resized(first: Transform) -> tuple[int, int] | None:
    if first.name != "Resize" or first.training is not None:
        return None
    resize = first.build()
    smooth = getattr(resize.interpolation, "value", resize.interpolation) in ("bilinear", "bicubic")
    if not smooth or not resize.antialias or not resize.size or resize.max_size:
        return None
    return resize.size[0], resize.size[-1]
