"""Data sets of the user's own Python: which one a call means, and making it."""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.data import IterableDataset

from ...catalog.python import OwnFunction
from ...diagnostics import error
from ...ir.values import Call
from ...source import Span
from .. import own
from .base import Request
from .own_items import OwnItems
from .own_stream import OwnStream

METHODS, STREAM = ("__len__", "__getitem__"), ("__len__", "__iter__")


def choose(call: Call) -> tuple[dict[str, Any], inspect.Signature]:
    """The arguments of a data set, and the signature they are checked against; nothing is made.

    Raises SpecError (TN0301, TN0302, TN0303 for arguments, TN0704 for a class that is no data set).
    """
    target = own.target_of(call)
    if not isinstance(call.target, OwnFunction):
        _require(target, call.name, call.name_span)
    names = own.expected(call)
    return own.arguments_of(call, names), names


def _require(target: Any, name: str, span: Span | None) -> None:
    kind = target if inspect.isclass(target) else type(target)
    for method in STREAM if issubclass(kind, IterableDataset) else METHODS:
        if not hasattr(kind, method):
            advice = "a data set has `__len__` and `__getitem__`, a stream `__len__` and `__iter__`"
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
    kind = OwnStream if isinstance(dataset, IterableDataset) else OwnItems
    return kind(dataset, request.fields, call.name, request.span)


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
