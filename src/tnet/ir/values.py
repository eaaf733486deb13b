"""Compile-time values that the sections `parameters`, `data` and `train` are made of.

Numbers, strings, booleans, None, lists and dicts are Python's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..source import Span


@dataclass(frozen=True)
class Duration:
    """`5 epochs`, `500 steps`; unit is "epochs" or "steps"."""

    value: int | float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit if self.value != 1 else self.unit[:-1]}"


@dataclass(frozen=True)
class Call:
    """A name that the section's own library gives a meaning, alone (`CosineAnnealingLR`) or called (`SGD(lr=0.1)`).

    `spans` holds the place of each keyword argument's value by name and of each positional one by number; `names` the
    places of the keywords themselves. `target` is what the name means where `use` brought it (catalog.OwnClass,
    OwnFunction or OwnLayer), else None.
    """

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    called: bool = False
    span: Span | None = field(default=None, compare=False)
    spans: Mapping[str | int, Span] = field(default_factory=dict, compare=False)
    names: Mapping[str, Span] = field(default_factory=dict, compare=False)
    target: Any = None

    @property
    def name_span(self) -> Span | None:
        """The place of the name alone, without the arguments."""
        if self.span is None or not self.span.text.startswith(self.name):
            return self.span
        return self.span.source.span(self.span.start, self.span.start + len(self.name))


@dataclass(frozen=True)
class Combined:
    """`A + B` of data sources, `A * B` of schedules: an operator over calls."""

    op: str
    parts: tuple[Any, ...]
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class StagedValue:
    """One stage of `A for 5 epochs -> B`; `duration` is None for the stage that takes what is left."""

    value: Any
    duration: Duration | None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Stages:
    """A setting with `->` or `for`."""

    stages: tuple[StagedValue, ...]
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, eq=False)
class Expression:
    """An expression over the net's outputs and the batch's fields (a loss), not evaluated: a syntax tree with the
    frame that its other names are read in."""

    node: Any
    frame: Any
    span: Span | None = None
