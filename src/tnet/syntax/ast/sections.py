"""The sections `parameters`, `data` and `train`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .bodies import Flow
from .nodes import ErrorNode, Name, Node
from .values import Expr


@dataclass(frozen=True, slots=True)
class SelectorPart(Node):
    """One part of a selector: `Conv2d.weight`, `:norm`, `layer?`."""

    text: str


@dataclass(frozen=True, slots=True)
class Selector(Node):
    parts: tuple[SelectorPart, ...]


@dataclass(frozen=True, slots=True)
class Stage(Node):
    """`LinearLR(…) for 5 epochs`"""

    value: Expr
    duration: Expr | None


@dataclass(frozen=True, slots=True)
class Setting(Node):
    """`name = stage -> stage`; all but schedules have one stage without a duration."""

    name: Name
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Rule(Node):
    selectors: tuple[Selector, ...]
    properties: tuple[Union[Setting, ErrorNode], ...]


@dataclass(frozen=True, slots=True)
class RuleIf(Node):
    condition: Expr
    rules: tuple[Union[Rule, RuleIf, ErrorNode], ...]


@dataclass(frozen=True, slots=True)
class Parameters(Node):
    net: Name | None
    rules: tuple[Union[Rule, RuleIf, ErrorNode], ...]


@dataclass(frozen=True, slots=True)
class Data(Node):
    name: Name | None
    items: tuple[Union[Setting, Flow, ErrorNode], ...]


@dataclass(frozen=True, slots=True)
class Train(Node):
    name: Name | None
    settings: tuple[Union[Setting, ErrorNode], ...]
