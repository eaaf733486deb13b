"""Samples that are read by index: in memory as tensors, one at a time from a data set, or as windows of a sequence.

All have `fields` (their names), `images` (the fields that are images, channels first), `labels` (int64 of shape
[count], None where the target is no class), `classes` (their names, if any), `uniform` (whether samples are of one
size, so that any number is read at once), `ordered` (whether they are cut in order), `len()`, `read(indices)`, which
gives a batch, and `content(indices)`, a hash.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ..diagnostics import SpecError, error
from ..source import Span

IMAGE, MASK, BOXES, POINTS = "image", "mask", "boxes", "points"
"""The kinds of fields that transforms change together. Images are [C, H, W], or [T, C, H, W] for the frames of a video;
masks [H, W], or [objects, H, W]; boxes float32 [objects, 4], left, top, right and bottom in pixels of the image; key points [points, 2]."""


@dataclass(eq=False)
class Memory:
    """Every field as one tensor, samples along dim 0."""

    tensors: dict[str, Tensor]
    images: tuple[str, ...] = ()
    classes: Sequence[str] | None = None
    uniform = True
    ordered = False

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.tensors)

    @property
    def labels(self) -> Tensor | None:
        """A one-dimensional integer target is a class."""
        target = self.tensors.get("target")
        return target.long() if target is not None and target.ndim == 1 and _is_class(target) else None

    def read(self, indices: Tensor) -> dict[str, Tensor]:
        return {name: tensor[indices] for name, tensor in self.tensors.items()}

    def content(self, indices: Tensor) -> str:
        digest = hashlib.sha256()
        for name, tensor in self.read(indices).items():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()


@dataclass(eq=False)
class Items:
    """A data set that gives one sample at a time, as a tuple: the net's inputs in order, then the target.

    `known_labels` and `paths` (a file for each sample) are None where the data set does not list them.
    """

    dataset: Any
    fields: tuple[str, ...]
    known_labels: Tensor | None
    classes: Sequence[str] | None
    span: Span | None
    paths: Sequence[str] | None = None
    uniform = False
    ordered = False

    @cached_property
    def first(self) -> dict[str, Tensor]:
        """The first sample, which tells what the others are like."""
        return self._read_one(0)

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(name for name, value in self.first.items() if value.ndim == 3)

    @property
    def has_classes(self) -> bool:
        target = self.first.get("target")
        return target is not None and target.ndim == 0 and _is_class(target)

    def __len__(self) -> int:
        return len(self.dataset)

    @cached_property
    def labels(self) -> Tensor | None:
        """A data set that does not list its classes is read once for them."""
        if self.known_labels is not None or not self.has_classes:
            return self.known_labels
        return torch.stack([self._read_one(index)["target"] for index in range(len(self))]).long()

    def read(self, indices: Tensor) -> dict[str, Tensor]:
        """A batch. Raises SpecError (TN0702) for a sample that cannot be read, (TN0703) for sizes that differ."""
        samples = [self._read_one(index) for index in indices.tolist()]
        return join([{name: value[None] for name, value in sample.items()} for sample in samples], self.span)

    def _read_one(self, index: int) -> dict[str, Tensor]:
        try:
            sample = self.dataset[index]
            values = [to_tensor(value) for value in (sample if isinstance(sample, tuple) else (sample,))]
        except SpecError:
            raise
        except Exception as problem:
            name = f"`{self.paths[index]}`" if self.paths else str(index)
            reason = str(problem).strip() or type(problem).__name__
            raise error("TN0702", f"sample {name} cannot be read: {reason}", self.span) from problem
        if len(values) != len(self.fields):
            wanted = ", ".join(f"`{name}`" for name in self.fields)
            raise error("TN0703", f"a sample has {len(values)} parts, the net and its loss take {wanted}", self.span)
        return dict(zip(self.fields, values, strict=True))

    def content(self, indices: Tensor) -> str | None:
        """A hash of the files' names, sizes and times; None where the data set does not say which files it reads."""
        if self.paths is None:
            return None
        digest = hashlib.sha256()
        for index in indices.tolist():
            status = os.stat(self.paths[index])
            digest.update(f"{self.paths[index]} {status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()


@dataclass(eq=False)
class Windows:
    """Windows of `block` of a sequence (int64 of shape [length]), each with the same one further on as its target."""

    tokens: Tensor
    block: int
    field: str
    images = ()
    labels = None
    classes = None
    uniform = True
    ordered = True

    def __len__(self) -> int:
        return max(0, (len(self.tokens) - 1) // self.block)

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field, "target")

    def read(self, indices: Tensor) -> dict[str, Tensor]:
        places = indices[:, None] * self.block + torch.arange(self.block)
        return {self.field: self.tokens[places].long(), "target": self.tokens[places + 1].long()}

    def cut(self, split: Sequence[int | float]) -> list[Windows]:
        """Parts of the sequence in order; shares count what is in the sequence, counts count windows."""
        whole = all(isinstance(part, int) for part in split)
        ends, start = [], 0.0
        for part in split:
            start += part * self.block + 1 if whole else part * len(self.tokens)
            ends.append(round(start))
        return [
            Windows(self.tokens[low:high], self.block, self.field) for low, high in zip([0, *ends], ends, strict=False)
        ]

    def content(self, indices: Tensor) -> str:
        return hashlib.sha256(self.tokens.contiguous().view(torch.uint8).numpy()).hexdigest()


def _is_class(target: Tensor) -> bool:
    return not target.is_floating_point() and not target.is_complex()


def to_tensor(value: Any) -> Tensor:
    """A part of a sample as a tensor: pictures as uint8 with channels first, numbers as int64 or float32."""
    import PIL.Image

    if isinstance(value, PIL.Image.Image):
        from torchvision.transforms.v2 import functional

        return functional.pil_to_tensor(value)
    if isinstance(value, Tensor):
        return value
    if isinstance(value, dict | str | tuple):
        raise error("TN0001", f"samples that hold a {type(value).__name__} are not done yet")
    return torch.as_tensor(value, dtype=torch.float32 if isinstance(value, float) else None)


def join(batches: Sequence[dict[str, Tensor]], span: Span | None) -> dict[str, Tensor]:
    """Batches as one. Raises SpecError (TN0703) where a field's size differs between them."""
    first = batches[0]
    if len(batches) == 1:
        return first
    for batch in batches:
        for name, value in batch.items():
            if value.shape[1:] != first[name].shape[1:]:
                sizes = f"{list(first[name].shape[1:])} and {list(value.shape[1:])}"
                advice = "bring them to one size in `augment` and `prepare`: `Resize(256); CenterCrop(224)`"
                raise error("TN0703", f"samples of different size in a batch: `{name}` is {sizes}", span, help=advice)
    return {name: torch.cat([batch[name] for batch in batches]) for name in first}
