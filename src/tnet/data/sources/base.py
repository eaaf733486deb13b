"""What a source is: a function that reads samples, registered under the name that a spec calls it by."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...diagnostics import SpecError, error
from ...elaborate import paths
from ...ir.graph import Value
from ...source import Source, Span
from ..calls import signature
from ..samples import Samples

SOURCES: dict[str, Callable[..., Samples]] = {}
"""tnet's own sources by name. Each is called with a `Request` and, by keyword, the arguments that the spec writes;
those annotated `Path` are files or folders, resolved and there."""

CHECKS: dict[str, Callable[[Mapping[str, Any]], tuple[str, str] | None]] = {}
"""For some sources, what is wrong with their arguments before anything is read: the argument's name and a message."""


@dataclass(frozen=True)
class Wanted:
    """What a recipe wants of its sources: samples for `inputs`, downloaded only where `fetch` allows it. `by` is the
    column that the split keeps together."""

    spec: Source
    inputs: tuple[Value, ...]
    fetch: bool = True
    by: str | None = None


@dataclass(frozen=True)
class Request:
    """What a source is asked for: samples for a net that takes `inputs`. `spans` has the places of the arguments;
    `by` is the column that the split keeps together, which is no measurement."""

    name: str
    spec: Source
    inputs: tuple[Value, ...]
    span: Span | None
    spans: Mapping[str, Span | None] = field(default_factory=dict)
    by: str | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the net's inputs."""
        return tuple(each.name for each in self.inputs)

    def unreadable(self, message: str, help: str | None = None) -> SpecError:
        """TN0702 at the source's place."""
        return error("TN0702", message, self.span, help=help)

    def wrong(self, argument: str, message: str, help: str | None = None) -> SpecError:
        """TN0304 at the place of an argument."""
        return error("TN0304", message, self.spans.get(argument, self.span), help=help)

    def stay_inside(self, files: Iterable[str], argument: str) -> None:
        """Raises SpecError (TN0304) where one of the files that an argument leads to is outside the project."""
        paths.stay_inside(files, self.spec, self.spans.get(argument, self.span))


def source(name: str, check: Callable[[Mapping[str, Any]], tuple[str, str] | None] | None = None) -> Callable:
    """Registers a function as the source of that name."""

    def register(read: Callable[..., Samples]) -> Callable[..., Samples]:
        if name in SOURCES:
            raise ValueError(f"two sources are called {name}")
        SOURCES[name] = read
        if check is not None:
            CHECKS[name] = check
        return read

    return register


def expected(name: str) -> inspect.Signature:
    """What a spec may write between the parentheses of a source of tnet's own."""
    _, *arguments = signature(SOURCES[name]).parameters.values()
    return inspect.Signature([each.replace(annotation=_written(each.annotation)) for each in arguments])


def path_arguments(name: str) -> Sequence[str]:
    """The arguments that are files or folders."""
    return [each.name for each in signature(SOURCES[name]).parameters.values() if each.annotation is Path]


def _written(annotation: Any) -> Any:
    return str if annotation is Path else annotation


def existing(name: str, spec: Source, span: Span | None) -> Path:
    """The path of a file or folder that must be there."""
    path = paths.resolve(name, spec, span)
    if not path.exists():
        raise error("TN0702", f"no file or folder `{name}`", span, help=f"looked for {path}")
    return path
