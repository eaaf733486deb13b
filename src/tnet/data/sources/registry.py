"""The sources that a data section may name: which one a call means, and reading it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...diagnostics import did_you_mean, error
from ...elaborate import paths
from ...ir.values import Call, Combined
from ...source import Span
from ..calls import argument_span, bind, described_value
from ..samples import Samples
from . import fake, folders, own, scikit, shards, table, tensors, text, video, vision  # noqa: F401  each registers its sources
from .base import CHECKS, SOURCES, Request, Wanted, existing, expected, path_arguments
from .joined import joined


@dataclass(frozen=True)
class SourceChoice:
    """A source with its arguments, not read yet. `path_spans` has the place of each path among them, `spans` that of
    each argument; `own` is the call where the source is of the user's own Python."""

    name: str
    arguments: Mapping[str, Any]
    span: Span | None
    path_spans: Mapping[str, Span | None]
    spans: Mapping[str, Span | None]
    own: Call | None = None

    def read(self, wanted: Wanted) -> Samples:
        """The samples. Raises SpecError (TN0702 unreadable, TN0304 a path outside the project)."""
        arguments = {name: value for name, value in self.arguments.items() if wanted.fetch or name != "download"}
        find = paths.resolve if arguments.get("download") else existing
        for name, span in self.path_spans.items():
            arguments[name] = find(arguments[name], wanted.spec, span)
        request = Request(self.name, wanted.spec, wanted.inputs, self.span, self.spans, wanted.by)
        if self.own is not None:
            return own.read(self.own, arguments, request)
        if self.name in SOURCES:
            return SOURCES[self.name](request, **arguments)
        return vision.read(request, arguments)


@dataclass(frozen=True)
class JoinedChoice:
    """`A + B`: sources whose samples follow each other."""

    parts: tuple[SourceChoice, ...]
    span: Span | None
    own: Call | None = None

    @property
    def name(self) -> str:
        return " + ".join(each.name for each in self.parts)

    def read(self, wanted: Wanted) -> Samples:
        """The samples of all. Raises SpecError as they do, and TN0703 where they do not go together."""
        samples = [each.read(wanted) for each in self.parts]
        return joined(samples, [each.name for each in self.parts], self.span)


def choose(value: Any, span: Span) -> SourceChoice | JoinedChoice:
    """The source that a value means, its arguments checked, nothing read. Raises SpecError (TN0701, TN0704, TN03xx)."""
    if isinstance(value, Combined):
        return _joined(value, span)
    if isinstance(value, Call) and value.target is not None:
        return _own(value)
    if not isinstance(value, Call):
        raise error("TN0704", f"a source of data is expected, not {described_value(value)}", span)
    if value.name not in SOURCES and value.name not in vision.names():
        known = [*SOURCES, *vision.names()]
        raise error(
            "TN0701", f"unknown source of data `{value.name}`", value.name_span, help=did_you_mean(value.name, known)
        )
    return _chosen(value, *_allowed(value))


def _allowed(call: Call) -> tuple[inspect.Signature, Sequence[str]]:
    """What a spec may write, and which of it are paths. Raises SpecError (TN0701) for what could run code."""
    if call.name in SOURCES:
        return expected(call.name), path_arguments(call.name)
    if why := vision.refusal(call):
        raise error("TN0701", why, call.span, help="a data set of your own Python by `use` can read such files")
    return vision.arguments_of(call.name), vision.PATHS


def _chosen(call: Call, names: inspect.Signature, path_names: Sequence[str]) -> SourceChoice:
    arguments = bind(call, names)
    spans = {name: argument_span(call, name, names) for name in arguments}
    if wrong := CHECKS.get(call.name, lambda _: None)(arguments):
        raise error("TN0304", wrong[1], spans.get(wrong[0], call.span))
    named = {name: spans[name] for name in arguments if name in path_names}
    for name, span in named.items():
        if not isinstance(arguments[name], str):
            found = described_value(arguments[name])
            raise error("TN0303", f"`{name}` of `{call.name}` is a path, not {found}", span)
    return SourceChoice(call.name, arguments, call.span, named, spans)


def _own(call: Call) -> SourceChoice:
    arguments, names = own.choose(call)
    spans = {name: argument_span(call, name, names) for name in arguments}
    named = {name: spans[name] for name in own.path_names(names) if isinstance(arguments.get(name), str)}
    return SourceChoice(call.target.path, arguments, call.span, named, spans, call)


def _joined(value: Combined, span: Span) -> JoinedChoice:
    if value.op != "+":
        raise error("TN0704", f"data sets are joined with `+`, not `{value.op}`", value.span or span)
    parts: list[SourceChoice] = []
    for each in value.parts:
        found = choose(each, span)
        parts += found.parts if isinstance(found, JoinedChoice) else [found]
    return JoinedChoice(tuple(parts), value.span or span)
