"""Data sets of the user's own Python: anything with `__len__` and `__getitem__`, as torch's map-style `Dataset`."""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import IterableDataset

from ...catalog.python import OwnFunction
from ...diagnostics import error
from ...ir.values import Call
from ...source import Span
from .. import own, streams
from ..items import Items, kind_of
from ..samples import IMAGE
from .base import Request
from .vision import listed_labels

METHODS = ("__len__", "__getitem__")


class OwnItems(Items):
    """Samples of a data set of one's own; what they draw is keyed by epoch and sample. `name` is what the spec calls
    it, `inputs` are the net's."""

    draws = True

    def __init__(self, dataset: Any, inputs: Sequence[str], name: str, span: Span | None):
        classes = getattr(dataset, "classes", None)
        super().__init__(dataset, tuple(inputs), listed_labels(dataset), classes, span, name=name)

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Pictures are of PIL, or uint8 of shape [C, H, W]; other three-dimensional samples are not."""
        plain = {name for name, v in self.first.items() if v.ndim == 3 and v.dtype == torch.uint8}
        found = {name: kind_of(v) or (IMAGE if name in plain else None) for name, v in self.example.items()}
        return {name: kind for name, kind in found.items() if kind}

    def fetch(self, index: int, stream: int | None) -> Any:
        """The sample; what it draws comes from the stream. Raises SpecError (TN0702)."""
        stream = streams.key(0, "read", 0) if stream is None else stream
        try:
            with own.drawing(streams.key(stream, "sample", index)), torch.no_grad():
                return self.dataset[index]
        except own.RAISED as problem:
            why = own.reason(problem, type(self.dataset))
            raise error("TN0702", f"sample {index} of `{self.name}` fails{why}", self.span) from problem


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


def read(call: Call, arguments: Mapping[str, Any], request: Request) -> OwnItems:
    """The data set, made with these arguments. Raises SpecError (TN0702 for what it raises, TN0704)."""
    target = own.target_of(call)
    try:
        dataset = target(**own.made(arguments))
    except own.RAISED as problem:
        raise error("TN0702", f"making `{call.name}` fails{own.reason(problem, target)}", request.span) from problem
    _require(dataset, call.name, request.span)
    if not _length(dataset, call.name, request.span):
        raise error("TN0702", f"`{call.name}` has no samples", request.span)
    return OwnItems(dataset, request.fields, call.name, request.span)


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
