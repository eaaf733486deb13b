"""What the methods of the builder share."""

from __future__ import annotations

from dataclasses import dataclass

from ...source import Span
from .. import ast
from ..scanner import Token


@dataclass(frozen=True, slots=True)
class Parts:
    """Nodes that belong together but are no node themselves: arguments, targets, the steps of a row."""

    span: Span
    items: tuple


def span_of(children: list) -> Span:
    """From the first to the last child that is there."""
    present = [each for each in children if each is not None]
    return present[0].span.to(present[-1].span)


def nodes(children: list) -> tuple:
    """The children that are nodes, without the tokens between them."""
    return tuple(each for each in children if isinstance(each, ast.Node))


def name_of(token: Token | None) -> ast.Name | None:
    return token and ast.Name(token.span, token.text)


def items(parts: Parts | None) -> tuple | None:
    return None if parts is None else parts.items


def gathered(builder: object, children: list) -> Parts:
    """The method of all rules whose nodes are `Parts`."""
    return Parts(span_of(children), nodes(children))


def one_value(children: list) -> ast.Expr:
    """The value on the right of an assignment; several, `a, b = c, d`, are a tuple."""
    values = nodes(children)
    if len(values) == 1:
        return values[0]
    return ast.TupleExpr(span_of(children), tuple(ast.Arg(each.span, None, each) for each in values))


def targets(children: list) -> tuple[ast.Target, ...]:
    """Names and nested targets, without the commas and parentheses between them."""
    return tuple(
        each if isinstance(each, ast.Node) else name_of(each)
        for each in children
        if isinstance(each, ast.Node) or each.type == "NAME"
    )
