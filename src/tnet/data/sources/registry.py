"""The sources that a data section may name: which one a call means, and reading it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...diagnostics import did_you_mean, error
from ...elaborate import paths
from ...ir.values import Call, Combined
from ...source import Source, Span
from ..calls import argument_span, bind, described_value
from ..samples import Items, Memory, Windows
from . import own, scikit, tensors, vision

Samples = Memory | Items | Windows

LATER = ("ImageList", "Images", "Table", "Video", "Shards", "Fake")
"""Sources of the language that are not done yet."""


def _tensors(path: str) -> None: ...


def _text(path: str, block: int) -> None: ...


def _nothing() -> None: ...


@dataclass(frozen=True)
class SourceChoice:
    """A source with its arguments, not read yet. `path_spans` has the place of each path among them;
    `own` is the call where the source is of the user's own Python."""

    name: str
    arguments: Mapping[str, Any]
    span: Span | None
    path_spans: Mapping[str, Span | None]
    own: Call | None = None

    def read(self, spec: Source, inputs: Sequence[str]) -> Samples:
        """The samples. Raises SpecError (TN0702 unreadable, TN0304 a path outside the project)."""
        arguments = dict(self.arguments)
        for name, span in self.path_spans.items():
            arguments[name] = existing(arguments[name], spec, span)
        if self.own is not None:
            return own.read(self.own, arguments, inputs, self.span)
        samples = READERS[kind_of(self.name)](self, arguments, inputs)
        if isinstance(samples, Items) and samples.paths:
            for span in self.path_spans.values():
                paths.stay_inside(samples.paths, spec, span)
        return samples


def existing(name: str, spec: Source, span: Span | None) -> Path:
    """The path of a file or folder that must be there."""
    path = paths.resolve(name, spec, span)
    if not path.exists():
        raise error("TN0702", f"no file or folder `{name}`", span, help=f"looked for {path}")
    return path


def kind_of(name: str) -> str | None:
    if name in scikit.LOADERS:
        return "scikit"
    if name in ("Tensors", "Text"):
        return name
    return "vision" if name in vision.names() else None


READERS: dict[str, Callable[[SourceChoice, dict[str, Any], Sequence[str]], Samples]] = {
    "scikit": lambda choice, arguments, inputs: scikit.read(choice.name, inputs),
    "Tensors": lambda choice, arguments, inputs: tensors.memory(
        tensors.read_file(arguments["path"], choice.span), inputs, choice.span
    ),
    "Text": lambda choice, arguments, inputs: tensors.text(
        arguments["path"], arguments["block"], inputs[0], choice.span
    ),
    "vision": lambda choice, arguments, inputs: vision.read(choice.name, arguments, [*inputs, "target"], choice.span),
}

SIGNATURES = {"scikit": inspect.signature(_nothing), "Tensors": inspect.signature(_tensors, eval_str=True)}
SIGNATURES["Text"] = inspect.signature(_text, eval_str=True)


def choose(value: Any, span: Span) -> SourceChoice:
    """The source that a value means, its arguments checked, nothing read. Raises SpecError (TN0001, TN0701, TN03xx)."""
    if isinstance(value, Combined):
        raise error("TN0001", "joining data sets with `+` is not done yet", value.span or span)
    if isinstance(value, Call) and value.target is not None:
        return _own(value)
    if not isinstance(value, Call):
        raise error("TN0704", f"a source of data is expected, not {described_value(value)}", span)
    if value.name in LATER:
        raise error("TN0001", f"the source `{value.name}` is not done yet", value.span)
    kind = kind_of(value.name)
    if kind is None:
        known = [*scikit.LOADERS, "Tensors", "Text", *vision.names()]
        raise error(
            "TN0701", f"unknown source of data `{value.name}`", value.name_span, help=did_you_mean(value.name, known)
        )
    if value.name in vision.UNPICKLING:
        raise error("TN0701", f"`{value.name}` unpickles files, which could run code", value.span)
    expected = vision.arguments_of(value.name) if kind == "vision" else SIGNATURES[kind]
    arguments = bind(value, expected)
    if arguments.pop("download", False):
        advice = "put the data into the folder yourself and leave `download` out"
        raise error(
            "TN0001", "downloading data is not done yet", argument_span(value, "download", expected), help=advice
        )
    if kind == "Text" and arguments["block"] < 1:
        raise error("TN0304", "`block` of `Text` must be at least 1", argument_span(value, "block", expected))
    named = {name: argument_span(value, name, expected) for name in _path_names(expected) if name in arguments}
    for name, span in named.items():
        if not isinstance(arguments[name], str):
            found = described_value(arguments[name])
            raise error("TN0303", f"`{name}` of `{value.name}` is a path, not {found}", span)
    return SourceChoice(value.name, arguments, value.span, named)


def _own(call: Call) -> SourceChoice:
    arguments, expected = own.choose(call)
    texts = [name for name in own.path_names(expected) if isinstance(arguments.get(name), str)]
    named = {name: argument_span(call, name, expected) for name in texts}
    return SourceChoice(call.target.path, arguments, call.span, named, call)


def _path_names(expected: inspect.Signature) -> list[str]:
    """Arguments that name a file or folder."""
    wanted = ("root", "path", "annFile", "ann_file", "annotation_path")
    return [name for name in expected.parameters if name in wanted]
