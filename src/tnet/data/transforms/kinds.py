"""Batches of images, videos, masks, boxes and key points: torchvision's `TVTensor`s with samples along dim 0.

A batch has the class of what it holds, which decides what a transform does to it; a plain tensor is left alone by
what is about pictures. https://docs.pytorch.org/vision/stable/tv_tensors.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.tv_tensors import BoundingBoxes, Image, KeyPoints, Mask, TVTensor, Video

from ..samples import BOXES, IMAGE, MASK, POINTS

__all__ = ["BoundingBoxes", "Image", "KeyPoints", "Mask", "TVTensor", "Video"]

Fields = dict[str, Tensor]
T = TypeVar("T", bound=Tensor)


class Marks(TVTensor):
    """Boxes [samples, objects, 4] or key points [samples, points, 2] of a batch; torchvision's own classes hold those
    of one sample. `kind` is such, with their format and the size of the images."""

    kind: BoundingBoxes | KeyPoints

    @classmethod
    def of(cls, value: Tensor, kind: BoundingBoxes | KeyPoints) -> Marks:
        batch = plain(value).as_subclass(cls)
        batch.kind = kind
        return batch


def like(value: Tensor, original: T) -> T:
    """The value as what `original` is; torch's functions give plain tensors."""
    if isinstance(original, Marks):
        return Marks.of(value, original.kind)
    return tv_tensors.wrap(plain(value), like=original) if isinstance(original, TVTensor) else value


def wrapped(fields: Mapping[str, Tensor], kinds: Mapping[str, str]) -> Fields:
    """The fields of a batch as what they are; boxes and points are in pixels of the first image or mask."""
    seen = next((fields[name] for name, kind in kinds.items() if kind in (IMAGE, MASK) and name in fields), None)
    size = tuple(seen.shape[-2:]) if seen is not None else (0, 0)
    return {name: _wrapped(value, kinds.get(name), size) for name, value in fields.items()}


def _wrapped(value: Tensor, kind: str | None, size: tuple[int, int]) -> Tensor:
    if kind == IMAGE:
        return Video(value) if value.ndim == 5 else Image(value)
    if kind == MASK:
        return Mask(value)
    if kind == BOXES:
        return Marks.of(value, BoundingBoxes(torch.zeros(0, 4), format="XYXY", canvas_size=size))
    return Marks.of(value, KeyPoints(torch.zeros(0, 2), canvas_size=size)) if kind == POINTS else value


def plain(value: Tensor) -> Tensor:
    return value.as_subclass(Tensor)


def taken(value: T, samples: Tensor) -> T:
    """The samples with these numbers, int64 of shape [k]; a copy."""
    return like(plain(value).index_select(0, samples), value)


def replaced(value: T, samples: Tensor, others: Tensor) -> T:
    """A copy in which the samples with these numbers are `others`, of their size and type."""
    result = plain(value).clone(memory_format=torch.contiguous_format)
    _bytes(result)[samples.numpy()] = _bytes(plain(others).contiguous())
    return like(result, value)


def _bytes(value: Tensor) -> np.ndarray:
    """A row for each sample, which NumPy copies whole; torch would look up each number."""
    return value.view(len(value), -1).view(torch.uint8).numpy()


def one(value: T, sample: int) -> T:
    """A sample by its number, without the dim of samples."""
    return like(plain(value)[sample], value.kind if isinstance(value, Marks) else value)


def stacked(samples: Sequence[T]) -> T:
    """A batch of samples."""
    batch = torch.stack([plain(each) for each in samples])
    return Marks.of(batch, samples[0]) if isinstance(samples[0], BoundingBoxes | KeyPoints) else like(batch, samples[0])


def assembled(parts: Sequence[tuple[Tensor, Fields]]) -> Fields:
    """A batch from parts, each with the places of its samples, int64. Raises ValueError where sizes differ."""
    order = torch.cat([places for places, _ in parts]).argsort()
    return {name: _assembled(name, [part[name] for _, part in parts], order) for name in parts[0][1]}


def _assembled(name: str, parts: Sequence[T], order: Tensor) -> T:
    if len({(each.shape[1:], each.dtype) for each in parts}) > 1:
        raise ValueError(f"it gives `{name}` another size or type than to others of the batch")
    return like(torch.cat([plain(each) for each in parts]).index_select(0, order), parts[0])
