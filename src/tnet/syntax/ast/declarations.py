"""Declarations, and the tree of a whole spec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from ...source import Source
from .bodies import Body, Type
from .nodes import Comment, ErrorNode, Name, Node
from .sections import Data, Parameters, Train
from .values import Arg, Expr, String


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


Declaration = Union[Hyper, Constant, Def, FromImport, Use, Block, Net, Autograd, Parameters, Data, Train, ErrorNode]


@dataclass(frozen=True)
class Tree:
    """A parsed spec: always whole, whatever the text was.

    With gaps it holds items that could not be read, or that end where the text does not say so; without, what its
    diagnostics tell of was read as what it was meant for.
    """

    source: Source
    declarations: tuple[Declaration, ...]
    comments: tuple[Comment, ...]
    diagnostics: tuple  # of diagnostics.Diagnostic
    has_gaps: bool = False
