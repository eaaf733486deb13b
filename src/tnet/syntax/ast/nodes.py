"""What every part of a tree is made of."""

from __future__ import annotations

from dataclasses import dataclass

from ...source import Span


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
