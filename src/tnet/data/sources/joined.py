"""`A + B`: the samples of several sources, one after another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ...diagnostics import error
from ...source import Span
from ..samples import Memory, Samples, join


def joined(parts: Sequence[Samples], names: Sequence[str], span: Span | None) -> Samples:
    """The samples of all parts, whose classes and fields must be the same. Raises SpecError (TN0703, TN0704)."""
    first = parts[0]
    if all(type(each) is type(first) and hasattr(each, "followed_by") for each in parts):
        for each in parts[1:]:
            first = first.followed_by(each)
        return first
    for each, name in zip(parts[1:], names[1:], strict=True):
        if each.ordered or each.by_stream or first.ordered or first.by_stream:
            raise error("TN0704", "sequences and streams cannot be joined with `+`", span)
        _agree("classes", names[0], first.classes, name, each.classes, span)
        _agree("fields", names[0], first.fields, name, each.fields, span)
    if all(isinstance(each, Memory) and _sizes(each) == _sizes(first) for each in parts):
        tensors = {name: torch.cat([each.tensors[name] for each in parts]) for name in first.fields}
        return Memory(tensors, first.images, first.classes)
    return Joined(list(parts), span)


def _agree(
    what: str, one: str, first: Sequence[str] | None, other: str, second: Sequence[str] | None, span: Span | None
) -> None:
    if list(first or ()) == list(second or ()):
        return
    lone = sorted(set(map(str, first or ())) ^ set(map(str, second or ())))
    why = f"only one has {', '.join(f'`{each}`' for each in lone[:8])}" if lone else "their order differs"
    raise error("TN0703", f"`{one}` and `{other}` differ in their {what}: {why}", span)


def _sizes(memory: Memory) -> list[tuple[torch.dtype, torch.Size]]:
    return [(tensor.dtype, tensor.shape[1:]) for tensor in memory.tensors.values()]


@dataclass(eq=False)
class Joined(Samples):
    """Samples that are read from the part that they lie in."""

    parts: list[Samples]
    span: Span | None

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def fields(self) -> tuple[str, ...]:
        return self.parts[0].fields

    @property
    def kinds(self) -> Mapping[str, str]:
        return self.parts[0].kinds

    @property
    def classes(self) -> Sequence[str] | None:
        return self.parts[0].classes

    @property
    def draws(self) -> bool:
        return any(each.draws for each in self.parts)

    @cached_property
    def labels(self) -> Tensor | None:
        listed = [each.labels for each in self.parts]
        return None if any(each is None for each in listed) else torch.cat(listed)

    @cached_property
    def paths(self) -> Sequence[str] | None:
        listed = [each.paths for each in self.parts]
        return None if any(each is None for each in listed) else [path for each in listed for path in each]

    @property
    def tolerant(self) -> bool:
        return self.parts[0].tolerant

    @tolerant.setter
    def tolerant(self, value: bool) -> None:
        for each in self.parts:
            each.tolerant = value

    @cached_property
    def starts(self) -> Tensor:
        """The number of each part's first sample."""
        return torch.tensor([0, *map(len, self.parts[:-1])]).cumsum(0)

    def read(self, indices: Tensor, stream: int | None = None) -> dict[str, Tensor]:
        owners = torch.bucketize(indices, self.starts, right=True) - 1
        batches, order = [], []
        for number in owners.unique().tolist():
            places = (owners == number).nonzero().flatten()
            batches.append(self.parts[number].read(indices[places] - self.starts[number], stream))
            order.append(places)
        back = torch.cat(order).argsort()
        return {name: value[back] for name, value in join(batches, self.span).items()}

    def content(self, indices: Tensor) -> str | None:
        lots = [each.content(torch.arange(len(each))) for each in self.parts]
        if None in lots:
            return None
        return hashlib.sha256("\n".join([*lots, str(indices.tolist())]).encode()).hexdigest()
