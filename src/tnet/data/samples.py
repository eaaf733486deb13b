"""Samples that are read by index: what all of them have, and those in memory as tensors or as windows of a sequence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..diagnostics import error
from ..source import Span
from . import streams

IMAGE, MASK, BOXES, POINTS = "image", "mask", "boxes", "points"
"""The kinds of fields that transforms change together. Images are [C, H, W], or [T, C, H, W] for the frames of a video;
masks [H, W], or [objects, H, W]; boxes float32 [objects, 4], left, top, right and bottom in pixels of the image; key
points [points, 2], across and down."""


class Samples:
    """What the data stage reads. `len()` is the number of samples.

    `kinds` has the kind of each field that is an image, a mask or boxes. `labels` are the classes, int64 of shape
    [count], None where the target is no class; `classes` their names, if any. `uniform` says that all samples are of
    one size, so that any number is read at once; `ordered`, that they are cut in order; `draws`, that reading draws
    random numbers; `by_stream`, that they come one after another and in no other order. `paths` has a file for each
    sample, where there is one. `tolerant` is set where samples that cannot be read are skipped. `notes` are lines to be
    printed.
    """

    kinds: Mapping[str, str] = {}
    labels: Tensor | None = None
    classes: Sequence[str] | None = None
    span: Span | None = None
    paths: Sequence[str] | None = None
    uniform = False
    ordered = False
    draws = False
    by_stream = False
    tolerant = False
    notes: Sequence[str] = ()

    def __len__(self) -> int:
        raise NotImplementedError

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what a sample has."""
        raise NotImplementedError

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(name for name, kind in self.kinds.items() if kind == IMAGE)

    def read(self, indices: Tensor, stream: int | None = None) -> dict[str, Tensor]:
        """The fields of a batch, samples along dim 0. What is drawn comes from the stream, None in evaluation."""
        raise NotImplementedError

    def content(self, indices: Tensor) -> str | None:
        """A hash of what these samples are; None where that cannot be known without reading them."""
        return None

    def column(self, name: str) -> Sequence[Any] | None:
        """A value for each sample, by which samples may be kept together; None where there is no such column."""
        return None

    def columns(self) -> Sequence[str]:
        """The names that `column` knows."""
        return ()

    def called(self, index: int) -> str:
        """A sample as messages name it."""
        return f"`{self.paths[index]}`" if self.paths else str(index)

    def order(self, indices: Tensor, stream: int) -> Tensor:
        """The samples in the random order of an epoch."""
        return indices[streams.permutation(stream, len(indices))]

    @property
    def decoder(self) -> Any:
        """What reads picture files (`pictures.Decoder`), None for other samples."""
        return None

    def facts(self) -> Mapping[str, Any]:
        """What else there is to know of the source, as of a video its frames' size, count and rate."""
        return {}

    def fill(self) -> None:
        """Whatever is worth doing once before an epoch."""

    def fitted(self, indices: Tensor) -> Samples:
        """The samples with all that the training part, these indices, decides, such as the categories of a table."""
        return self

    def like(self, train: Samples) -> Samples:
        """Samples of another part with what was fitted to `train`."""
        return self


@dataclass(eq=False)
class Memory(Samples):
    """Every field as one tensor, samples along dim 0."""

    tensors: dict[str, Tensor]
    pictures: tuple[str, ...] = ()
    classes: Sequence[str] | None = None
    uniform = True

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.tensors)

    @property
    def kinds(self) -> Mapping[str, str]:
        return dict.fromkeys(self.pictures, IMAGE)

    @property
    def labels(self) -> Tensor | None:
        """A one-dimensional integer target is a class."""
        target = self.tensors.get("target")
        return target.long() if target is not None and target.ndim == 1 and is_class(target) else None

    def read(self, indices: Tensor, stream: int | None = None) -> dict[str, Tensor]:
        return {name: tensor.index_select(0, indices) for name, tensor in self.tensors.items()}

    def column(self, name: str) -> Sequence[Any] | None:
        tensor = self.tensors.get(name)
        return tensor.tolist() if tensor is not None and tensor.ndim == 1 else None

    def columns(self) -> Sequence[str]:
        return [name for name, tensor in self.tensors.items() if tensor.ndim == 1]

    def content(self, indices: Tensor) -> str:
        digest = hashlib.sha256()
        for name, tensor in self.read(indices).items():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()


@dataclass(eq=False)
class Windows(Samples):
    """Windows of `block` of a sequence (int64 of shape [length]), each with the same one further on as its target."""

    tokens: Tensor
    block: int
    field: str
    uniform = True
    ordered = True

    def __len__(self) -> int:
        return max(0, (len(self.tokens) - 1) // self.block)

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field, "target")

    def read(self, indices: Tensor, stream: int | None = None) -> dict[str, Tensor]:
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


def is_class(target: Tensor) -> bool:
    """Whether a target may be the number of a class."""
    return not target.is_floating_point() and not target.is_complex()


def join(batches: Sequence[dict[str, Tensor]], span: Span | None) -> dict[str, Tensor]:
    """Batches as one. Raises SpecError (TN0703) where their fields, or the size of one, differ."""
    first = batches[0]
    if len(batches) == 1:
        return first
    for batch in batches:
        same_fields(batch, first, span)
        for name, value in batch.items():
            if value.shape[1:] != first[name].shape[1:]:
                sizes = f"{list(first[name].shape[1:])} and {list(value.shape[1:])}"
                advice = (
                    "bring them to one size in `augment` and `prepare`, as `Resize(256); CenterCrop(224)` does, or pad "
                    "them: `pad = 0`"
                )
                raise error("TN0703", f"samples of different size in a batch: `{name}` is {sizes}", span, help=advice)
    return {name: torch.cat([batch[name] for batch in batches]) for name in first}


def same_sizes(samples: Sequence[Mapping[str, Tensor]]) -> bool:
    """Whether all have the same fields of the same sizes and types."""
    kinds = {tuple((name, value.shape, value.dtype) for name, value in fields.items()) for fields in samples}
    return len(kinds) == 1


def same_fields(batch: Mapping[str, Tensor], first: Mapping[str, Tensor], span: Span | None) -> None:
    """Raises SpecError (TN0703)."""
    if lone := sorted(batch.keys() ^ first.keys()):
        raise error("TN0703", f"some samples have no `{lone[0]}`, which others have", span)
