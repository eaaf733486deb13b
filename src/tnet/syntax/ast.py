"""The syntax tree. Every node has a span; error nodes stand where text could not be read.

The tree keeps what the author wrote (names, not meanings), so that the formatter, the elaborator and an
editor read the same one. Comments are kept beside it, in `Tree.comments`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from ..source import Source, Span


@dataclass(frozen=True, slots=True)
class Node:
    span: Span


@dataclass(frozen=True, slots=True)
class ErrorNode(Node):
    """Text that could not be read; its diagnostic is in `Tree.diagnostics`."""


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A name at its place: `a`, or with dots `models.vgg16` where the grammar allows them."""

    text: str


@dataclass(frozen=True, slots=True)
class Comment(Node):
    """From `#` to the end of the line, `#` included. `own_line`: nothing stands before it on its line."""

    text: str
    own_line: bool


# ---- expressions -------------------------------------------------------------------------------------------------


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

# ---- steps -------------------------------------------------------------------------------------------------------


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


# ---- statements --------------------------------------------------------------------------------------------------


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


# ---- declarations ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hyper(Node):
    name: Name
    value: Expr
    domain: Expr | None


@dataclass(frozen=True, slots=True)
class Constant(Node):
    name: Name
    value: Expr


@dataclass(frozen=True, slots=True)
class Formal(Node):
    """A parameter of a `def`, a block's configuration or a block's inputs."""

    name: Name
    default: Expr | None


@dataclass(frozen=True, slots=True)
class Def(Node):
    name: Name
    formals: tuple[Formal, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class ImportName(Node):
    name: Name
    alias: Name | None


@dataclass(frozen=True, slots=True)
class FromImport(Node):
    path: String
    settings: tuple[Arg, ...]
    names: tuple[ImportName, ...]


@dataclass(frozen=True, slots=True)
class Use(Node):
    module: Name
    names: tuple[ImportName, ...]


@dataclass(frozen=True, slots=True)
class Block(Node):
    """`inputs` is None where none are written: the block then takes `(x)`."""

    name: Name
    config: tuple[Formal, ...] | None
    inputs: tuple[Formal, ...] | None
    body: Body


@dataclass(frozen=True, slots=True)
class Port(Node):
    """An input or output of a net; outputs may have no name."""

    name: Name | None
    type: Type


@dataclass(frozen=True, slots=True)
class Net(Node):
    """`outputs` is None where no `->` is written."""

    name: Name
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...] | None
    body: Body


@dataclass(frozen=True, slots=True)
class Autograd(Node):
    name: Name
    config: tuple[Formal, ...]
    inputs: tuple[Formal, ...] | None
    forward: Body
    gradients: tuple[Name, ...]
    backward: Body


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


Declaration = Union[Hyper, Constant, Def, FromImport, Use, Block, Net, Autograd, Parameters, Data, Train, ErrorNode]


@dataclass(frozen=True)
class Tree:
    """A parsed spec: always whole, whatever the text was."""

    source: Source
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]
    diagnostics: tuple  # of diagnostics.Diagnostic
