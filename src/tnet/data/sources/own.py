"""Data sets of the user's own Python: anything with `__len__` and `__getitem__`, as torch's map-style `Dataset`."""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from ...catalog.python import OwnFunction
from ...diagnostics import did_you_mean, error
from ...ir.values import Call
from ...source import Span
from .. import own, streams
from ..samples import Items, join, to_tensor
from .vision import listed_labels

METHODS = ("__len__", "__getitem__")


class OwnItems(Items):
    """Samples of a data set of one's own; what they draw is keyed by epoch and sample. `name` is what the spec calls
    it, `inputs` are the net's."""

    def __init__(self, dataset: Any, inputs: Sequence[str], name: str, span: Span | None):
        self.name = name
        super().__init__(dataset, tuple(inputs), listed_labels(dataset), getattr(dataset, "classes", None), span)

    @property
    def images(self) -> tuple[str, ...]:
        """Pictures are of PIL, or uint8 of shape [C, H, W]; other three-dimensional samples are not."""
        return tuple(n for n, value in self.first.items() if value.ndim == 3 and value.dtype == torch.uint8)

    def read(self, indices: Tensor, stream: int = 0) -> dict[str, Tensor]:
        """A batch; what its samples draw comes from the stream. Raises SpecError (TN0702, TN0703) as `Items` does."""
        samples = [self._read_one(index, stream) for index in indices.tolist()]
        return join([{name: value[None] for name, value in sample.items()} for sample in samples], self.span)

    def _read_one(self, index: int, stream: int = 0) -> dict[str, Tensor]:
        try:
            with own.drawing(streams.key(stream, "sample", index)), torch.no_grad():
                sample = self.dataset[index]
        except own.RAISED as problem:
            why = own.reason(problem, type(self.dataset))
            raise error("TN0702", f"sample {index} of `{self.name}` fails{why}", self.span) from problem
        return {name: self._tensor(index, name, value) for name, value in self._named(index, sample).items()}

    def _named(self, index: int, sample: Any) -> Mapping[str, Any]:
        """The sample's parts by name: a map's own, a tuple's are the inputs in order, then `target`."""
        if not isinstance(sample, Mapping):
            parts = sample if isinstance(sample, tuple | list) else (sample,)
            names = [*self.fields, "target"]
            if not len(self.fields) <= len(parts) <= len(names):
                wanted, count = ", ".join(f"`{name}`" for name in names), len(parts)
                message = f"sample {index} of `{self.name}` has {count} parts, the net and its loss take {wanted}"
                raise error("TN0703", message, self.span)
            return dict(zip(names, parts, strict=False))
        for name in self.fields:
            if name not in sample:
                has = ", ".join(f"`{each}`" for each in sample) or "nothing"
                message = f"sample {index} of `{self.name}` has no `{name}`, an input of the net: it has {has}"
                raise error("TN0703", message, self.span, help=did_you_mean(name, list(map(str, sample))))
        return {str(name): value for name, value in sample.items()}

    def _tensor(self, index: int, name: str, value: Any) -> Tensor:
        try:
            return to_tensor(value).detach()
        except Exception as problem:
            message = f"`{name}` of sample {index} of `{self.name}` is no tensor, but {type(value).__name__}"
            advice = "samples hold tensors, arrays, numbers and PIL images"
            raise error("TN0703", message, self.span, help=advice) from problem


def choose(call: Call) -> tuple[dict[str, Any], inspect.Signature]:
    """The arguments of a data set, and the signature they are checked against; nothing is made.

    Raises SpecError (TN0301, TN0302, TN0303 for arguments, TN0704 for a class that is no data set, TN0001 for streams).
    """
    target = own.target_of(call)
    if not isinstance(call.target, OwnFunction):
        _require(target, call.name, call.name_span)
    names = own.expected(call)
    return own.arguments_of(call, names), names


def _require(target: Any, name: str, span: Span | None) -> None:
    kind = target if inspect.isclass(target) else type(target)
    if issubclass(kind, IterableDataset):
        raise error("TN0001", f"`{name}` is a stream of samples, an `IterableDataset`, which is not done yet", span)
    for method in METHODS:
        if not hasattr(kind, method):
            advice = "a data set has `__len__` and `__getitem__`"
            raise error("TN0704", f"`{name}` is no data set: it has no `{method}`", span, help=advice)


def read(call: Call, arguments: Mapping[str, Any], inputs: Sequence[str], span: Span | None) -> OwnItems:
    """The data set, made with these arguments. Raises SpecError (TN0702 for what it raises, TN0704)."""
    target = own.target_of(call)
    try:
        dataset = target(**own.made(arguments))
    except own.RAISED as problem:
        raise error("TN0702", f"making `{call.name}` fails{own.reason(problem, target)}", span) from problem
    _require(dataset, call.name, span)
    if not _length(dataset, call.name, span):
        raise error("TN0702", f"`{call.name}` has no samples", span)
    return OwnItems(dataset, inputs, call.name, span)


def _length(dataset: Any, name: str, span: Span | None) -> int:
    try:
        return len(dataset)
    except own.RAISED as problem:
        why = own.reason(problem, type(dataset))
        raise error("TN0702", f"the length of `{name}` fails{why}", span) from problem


def path_names(names: inspect.Signature) -> list[str]:
    """The arguments that are annotated as paths: they start from the spec's folder; all others are given as written."""
    return [each.name for each in names.parameters.values() if _is_path(each.annotation)]


def _is_path(annotation: Any) -> bool:
    parts = typing.get_args(annotation) or (annotation,)
    return any(isinstance(each, type) and issubclass(each, Path | os.PathLike) for each in parts)
