"""Bodies: steps, statements and the types that stand in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .nodes import ErrorNode, Name, Node
from .values import Arg, Ellipsis, Expr, Slice, String


@dataclass(frozen=True, slots=True)
class Apply(Node):
    """`Conv2d(64, 3)`, `models.vgg16(…) { surgery } at ["x"]`; `args` is None where no parentheses stand."""

    callee: Name
    args: tuple[Arg, ...] | None
    surgery: Body | None = None
    taps: Expr | None = None


@dataclass(frozen=True, slots=True)
class Group(Node):
    body: Body


@dataclass(frozen=True, slots=True)
class Repeat(Node):
    """`repeat count shared as i { … }`"""

    count: Expr
    shared: bool
    variable: Name | None
    body: Body


@dataclass(frozen=True, slots=True)
class Again(Node):
    """`"enc{i}"` as a step: the submodule of that label, applied again."""

    label: String


@dataclass(frozen=True, slots=True)
class Step(Node):
    """`shared label: action`. The label is a name, an integer written as one, or a string."""

    label: Name | String | None
    action: Apply | Group | Repeat | Again
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Targets(Node):
    """A nested target `(h, c)`."""

    items: tuple[Target, ...]


Target = Union[Name, Targets]


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`a, b = value`; op is `=` or one of `+= -= *= /= @=` (then with one target)."""

    targets: tuple[Target, ...]
    op: str
    value: Expr


@dataclass(frozen=True, slots=True)
class IndexAssign(Node):
    """`y[:, 0] = value`; several `[…]` one after another are several entries of `indices`."""

    name: Name
    indices: tuple[tuple[Union[Expr, Slice, Ellipsis], ...], ...]
    op: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Flow(Node):
    """`step -> step`: a statement that starts from `x` and gives the next `x`."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class For(Node):
    targets: tuple[Target, ...]
    iterable: Expr
    body: Body


@dataclass(frozen=True, slots=True)
class If(Node):
    """`otherwise` is the `else` body; an `else if` is a body of one `If`, marked by `chained`."""

    condition: Expr
    then: Body
    otherwise: Body | None
    chained: bool = False


@dataclass(frozen=True, slots=True)
class Return(Node):
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ShapeStatement(Node):
    """`shape [N, 512, _, 7]`; `_` is `Var("_")`."""

    dims: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Type(Node):
    """`float[N, 3, H=224]`"""

    dtype: Name
    dims: tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Dim(Node):
    """A size; `hint` is set in `H=224`, where `value` is `Var("H")`."""

    value: Expr
    hint: Expr | None = None


@dataclass(frozen=True, slots=True)
class ParameterStatement(Node):
    name: Name
    type: Type
    value: Expr | None


@dataclass(frozen=True, slots=True)
class BufferStatement(Node):
    name: Name
    type: Type
    value: Expr | None
    options: tuple[Arg, ...]


Statement = Union[
    Assign, IndexAssign, Flow, For, If, Return, ShapeStatement, ParameterStatement, BufferStatement, ErrorNode
]


@dataclass(frozen=True, slots=True)
class Body(Node):
    """`{ … }`, braces in the span."""

    statements: tuple[Statement, ...]
