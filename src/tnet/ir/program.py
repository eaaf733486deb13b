"""A program: everything a spec says, elaborated. Several nets, several recipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..source import Source, Span
from .graph import Net


@dataclass(frozen=True)
class Override:
    """A value for a name from outside the spec: `lr`, or the path of a setting, `train.optimizer.momentum`.

    `value` is a Python value; or, with `span`, the span's text is read as a tnet value at its place. `name_span` is
    the place of the path itself.
    """

    path: str
    value: Any = None
    span: Span | None = None
    name_span: Span | None = None

    @property
    def name_place(self) -> Span | None:
        return self.name_span or self.span


@dataclass(frozen=True)
class HyperValue:
    """A hyper-parameter with the value in force, its default and the values allowed (None for any)."""

    name: str
    value: Any
    default: Any
    span: Span
    domain: Any = None


@dataclass(frozen=True)
class Setting:
    """`name = value` of a section, evaluated. `value_span` is in the spec or in an override's own source."""

    name: str
    value: Any
    span: Span
    value_span: Span


@dataclass(frozen=True)
class Property:
    """A property of a rule. `evaluate(names)` gives its value, with `names` (a parameter's optimizer options, `fan_in`
    …) in scope before the spec's own names; it raises SpecError."""

    name: str
    span: Span
    value_span: Span
    evaluate: Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class SelectorPart:
    text: str
    span: Span


@dataclass(frozen=True)
class Selector:
    parts: tuple[SelectorPart, ...]
    span: Span

    def __str__(self) -> str:
        return " ".join(part.text for part in self.parts)


@dataclass(frozen=True)
class Rule:
    selectors: tuple[Selector, ...]
    properties: tuple[Property, ...]
    span: Span

    def __str__(self) -> str:
        return ", ".join(map(str, self.selectors))


@dataclass(frozen=True)
class Conditional:
    """A transform (`values.Call`) that runs in training only, or in evaluation only."""

    call: Any
    training: bool


@dataclass(frozen=True)
class Pipeline:
    """`augment`, `prepare` or `transform` of a data section: calls of transforms (`values.Call`) in order, as
    `Conditional` where they stand under `if training`."""

    steps: tuple[Any, ...]
    span: Span


@dataclass(frozen=True)
class DataSection:
    """`failed` names settings that are written but have no value, which has been reported."""

    name: str | None
    span: Span
    settings: Mapping[str, Setting] = field(default_factory=dict)
    pipelines: Mapping[str, Pipeline] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TrainSection:
    """`failed` as in `DataSection`."""

    name: str | None
    span: Span
    settings: Mapping[str, Setting] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()


@dataclass
class Program:
    """`rules`, `data` and `recipes` are by name; the main net's rules, and the unnamed sections, are under None.
    `own_layers` are the classes of layers that the spec takes from Python code, by the names that it gives them;
    `mains` has the net of each recipe, where it is known; `imported` are the specs that it imports, by their files, and
    `used` the Python modules; `unfinished` are the nets that are wrong, as far as they came: no outputs, and no value
    for what follows the fault.
    """

    source: Source
    hypers: dict[str, HyperValue] = field(default_factory=dict)
    nets: dict[str, Net] = field(default_factory=dict)
    main: str | None = None
    rules: dict[str | None, list[Rule]] = field(default_factory=dict)
    data: dict[str | None, DataSection] = field(default_factory=dict)
    recipes: dict[str | None, TrainSection] = field(default_factory=dict)
    own_layers: dict[str, type] = field(default_factory=dict)
    mains: dict[str | None, str | None] = field(default_factory=dict)
    imported: dict[Path, Source] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    unfinished: dict[str, Net] = field(default_factory=dict)

    def main_of(self, recipe: str | None) -> Net | None:
        """The net that a recipe trains."""
        return self.nets.get(self.mains.get(recipe, self.main))

    def data_of(self, recipe: str | None) -> DataSection | None:
        """The data of a recipe: the section of its name, or the unnamed one."""
        return self.data.get(recipe) or self.data.get(None)

    def net(self, name: str | None = None) -> Net:
        """The named or the main net. Raises KeyError."""
        found = name or self.main
        if found is None:
            raise KeyError("main net")
        return self.nets[found]
