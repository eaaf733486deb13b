"""Expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from .nodes import ErrorNode, Name, Node

if TYPE_CHECKING:
    from .bodies import Step


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, `true`, `false` or `none` as its Python value; `1.` keeps being a float."""

    value: int | float | bool | None


@dataclass(frozen=True, slots=True)
class String(Node):
    """`"layer{i + 1}"`: text and expressions in turn, escapes and `{{` `}}` already resolved."""

    parts: tuple[Union[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class DurationLiteral(Node):
    """`5 epochs`, `0.5 epochs`, `500 steps`; unit is "epochs" or "steps"."""

    value: int | float
    unit: str


@dataclass(frozen=True, slots=True)
class Var(Node):
    name: str


@dataclass(frozen=True, slots=True)
class ListExpr(Node):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class MapExpr(Node):
    items: tuple[tuple[Expr, Expr], ...]


@dataclass(frozen=True, slots=True)
class TupleExpr(Node):
    """`(a, b)` or, as the source of a pipe, `(q, k, need_weights=false)`."""

    items: tuple[Arg, ...]


@dataclass(frozen=True, slots=True)
class Grouped(Node):
    """An expression or pipe in parentheses, kept for the formatter."""

    inner: Expr


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """op is `-`, `~` or `not`."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """op is one of `+ - * / // % ** @ & | == != < <= > >= and or`; `a < b < c` parses, and is refused later."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`then if condition else otherwise`"""

    then: Expr
    condition: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    value: Expr
    name: Name


@dataclass(frozen=True, slots=True)
class Slice(Node):
    start: Expr | None
    stop: Expr | None
    step: Expr | None


@dataclass(frozen=True, slots=True)
class Ellipsis(Node):
    pass


@dataclass(frozen=True, slots=True)
class Index(Node):
    value: Expr
    subscripts: tuple[Union[Expr, Slice, Ellipsis], ...]


@dataclass(frozen=True, slots=True)
class Arg(Node):
    """An argument of a call; `name` for a keyword."""

    name: Name | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Call(Node):
    callee: Expr
    args: tuple[Arg, ...]


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """`source -> step -> step`; a value."""

    source: Expr
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class RangeDomain(Node):
    """`1 .. 152`, both ends included; only after `in` of a hyper-parameter."""

    low: Expr
    high: Expr


Expr = Union[
    Literal, String, DurationLiteral, Var, ListExpr, MapExpr, TupleExpr, Grouped, Unary, Binary, Conditional,
    Attribute, Index, Call, Pipe, RangeDomain, ErrorNode,
]  # fmt: skip
