"""Samples that a data set gives one at a time, and what the parts of a sample become."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ..diagnostics import SpecError, did_you_mean, error
from ..source import Span
from .pictures import Decoder
from .samples import BOXES, IMAGE, MASK, POINTS, Samples, is_class, join

UNKNOWN = -100
"""The class of a sample that cannot be read and is skipped; torch's losses leave it out."""


@dataclass(eq=False)
class Items(Samples):
    """A data set that gives one sample at a time: a map by name, or a tuple of the net's `inputs` in order and what is
    left as `target`. A map in a tuple's last place stands for its entries.

    `known_labels` and `paths` (a file for each sample) are None where the data set does not list them.
    """

    dataset: Any
    inputs: tuple[str, ...]
    known_labels: Tensor | None
    classes: Sequence[str] | None
    span: Span | None
    paths: Sequence[str] | None = None
    name: str = "the data"

    @cached_property
    def example(self) -> dict[str, Any]:
        """The parts of the first sample that can be read, which tell what the others are like."""
        for index in range(len(self)):
            try:
                return self.named(index, self.fetch(index, None))
            except SpecError:
                if not self.tolerant or index == len(self) - 1:
                    raise
        raise error("TN0702", "there are no samples", self.span)

    @cached_property
    def first(self) -> dict[str, Tensor]:
        """The example as tensors."""
        return {name: self.tensor(0, name, value) for name, value in self.example.items()}

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        found = {name: kind_of(value) for name, value in self.example.items()}
        return {name: kind for name, kind in found.items() if kind}

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.first)

    @property
    def has_classes(self) -> bool:
        target = self.first.get("target")
        return target is not None and target.ndim == 0 and is_class(target)

    def __len__(self) -> int:
        return len(self.dataset)

    @cached_property
    def labels(self) -> Tensor | None:
        """A data set that does not list its classes is read once for them."""
        if self.known_labels is not None or not self.has_classes:
            return self.known_labels
        return torch.stack([self._label(index) for index in range(len(self))]).long()

    def _label(self, index: int) -> Tensor:
        try:
            return self.read_one(index)["target"]
        except SpecError:
            if not self.tolerant:
                raise
            return torch.tensor(UNKNOWN)

    def read(self, indices: Tensor, stream: int | None = None) -> dict[str, Tensor]:
        """A batch. Raises SpecError (TN0702) for a sample that cannot be read, (TN0703) for sizes that differ."""
        samples = [self.read_one(index, stream) for index in indices.tolist()]
        return join([{name: value[None] for name, value in sample.items()} for sample in samples], self.span)

    def read_one(self, index: int, stream: int | None = None) -> dict[str, Tensor]:
        parts = self.named(index, self.fetch(index, stream))
        return {name: self.tensor(index, name, value) for name, value in parts.items()}

    def fetch(self, index: int, stream: int | None) -> Any:
        """The sample as the data set gives it. Raises SpecError (TN0702)."""
        try:
            return self.dataset[index]
        except SpecError:
            raise
        except Exception as problem:
            reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
            raise error("TN0702", f"sample {self.called(index)} cannot be read: {reason}", self.span) from problem

    def called(self, index: int) -> str:
        """A sample as messages name it."""
        return f"`{self.paths[index]}`" if self.paths else f"{index} of `{self.name}`"

    def named(self, index: int, sample: Any) -> dict[str, Any]:
        """The parts of a sample by name. Raises SpecError (TN0703) where they are not what the net takes."""
        if isinstance(sample, Mapping):
            found = {str(name): value for name, value in sample.items()}
        else:
            parts = _flat(sample) if isinstance(sample, tuple | list) else [sample]
            rest = {str(name): value for name, value in parts.pop().items()} if isinstance(parts[-1], Mapping) else {}
            places = [name for name in self.inputs if name not in rest]
            found = dict(zip(self._names(index, places, len(parts)), parts, strict=False)) | rest
        for name in self.inputs:
            if name not in found:
                has = ", ".join(f"`{each}`" for each in found) or "nothing"
                message = f"sample {self.called(index)} has no `{name}`, an input of the net: it has {has}"
                raise error("TN0703", message, self.span, help=did_you_mean(name, list(found)))
        return found

    def _names(self, index: int, inputs: Sequence[str], count: int) -> list[str]:
        """What the parts of a tuple are called that has these inputs."""
        names = [*inputs, "target"]
        if not len(inputs) <= count <= len(names):
            wanted = ", ".join(f"`{name}`" for name in names)
            message = f"sample {self.called(index)} has {count} parts, the net and its loss take {wanted}"
            raise error("TN0703", message, self.span)
        return names

    def tensor(self, index: int, name: str, value: Any) -> Tensor:
        """Raises SpecError (TN0703) for a part that is no tensor, a picture or a number."""
        try:
            tensor = to_tensor(value).detach()
        except Exception as problem:
            message = f"`{name}` of sample {self.called(index)} is {_described(value)}, which no net takes"
            advice = "samples hold tensors, arrays, numbers and pictures; a data set by `use` can make them of it"
            raise error("TN0703", message, self.span, help=advice) from problem
        return tensor[0] if name == "target" and kind_of(value) == MASK and tensor.ndim == 3 else tensor

    @property
    def decoder(self) -> Decoder | None:
        """What reads the data set's picture files, where that is tnet's own."""
        loader = getattr(self.dataset, "loader", None)
        return loader if isinstance(loader, Decoder) else None

    def content(self, indices: Tensor) -> str | None:
        """A hash of the files' names, sizes and times; None where the data set does not say which files it reads."""
        if self.paths is None:
            return None
        digest = hashlib.sha256(str(self.decoder).encode() if self.decoder and self.decoder.least else b"")
        for index in indices.tolist():
            try:
                status = os.stat(self.paths[index])
                digest.update(f"{self.paths[index]} {status.st_size} {status.st_mtime_ns}\n".encode())
            except OSError:
                digest.update(f"{self.paths[index]} is not there\n".encode())
        return digest.hexdigest()


def _flat(parts: Sequence[Any]) -> list[Any]:
    """The parts of a sample with those of inner tuples, as stereo pairs come, in their places; no part is None."""
    found: list[Any] = []
    for part in parts:
        found += _flat(part) if isinstance(part, tuple) else [] if part is None else [part]
    return found


def kind_of(value: Any) -> str | None:
    """What transforms take a part of a sample for; None for what they leave alone."""
    import PIL.Image
    from torchvision import tv_tensors

    if isinstance(value, PIL.Image.Image | tv_tensors.Image | tv_tensors.Video):
        return IMAGE
    if isinstance(value, tv_tensors.Mask):
        return MASK
    if isinstance(value, tv_tensors.BoundingBoxes):
        return BOXES
    return POINTS if isinstance(value, tv_tensors.KeyPoints) else None


def to_tensor(value: Any) -> Tensor:
    """A part of a sample as a tensor: pictures as uint8 with channels first, boxes by their corners, numbers as int64
    or float32. Raises TypeError for what is none."""
    import PIL.Image
    from torchvision import tv_tensors
    from torchvision.transforms.v2 import functional

    if isinstance(value, PIL.Image.Image):
        return functional.pil_to_tensor(value)
    if isinstance(value, tv_tensors.BoundingBoxes):
        value = functional.convert_bounding_box_format(value, new_format=tv_tensors.BoundingBoxFormat.XYXY).float()
    if isinstance(value, Tensor):
        return value.as_subclass(Tensor)
    if isinstance(value, dict | str | bytes | tuple | None):
        raise TypeError(f"a {type(value).__name__} is no tensor")
    return torch.as_tensor(value, dtype=torch.float32 if isinstance(value, float) else None)


def _described(value: Any) -> str:
    match value:
        case str():
            return "text"
        case Mapping():
            return "a map"
        case [str(), *_]:
            return "a list of texts"
    return f"of type {type(value).__name__}"
