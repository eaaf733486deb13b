"""Going through a syntax tree, without recursion."""

from __future__ import annotations

from collections.abc import Iterator

from . import ast


def children(node: ast.Node) -> Iterator[ast.Node]:
    """The nodes right below a node, in the order of the source."""
    for field in node.__dataclass_fields__:
        yield from _nodes(getattr(node, field))


def _nodes(value: object) -> Iterator[ast.Node]:
    if isinstance(value, ast.Node):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _nodes(each)


def walk(node: ast.Node) -> Iterator[ast.Node]:
    """A node and all nodes below it, in the order of the source."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(children(node))))


def used_names(node: ast.Node) -> Iterator[str]:
    """Names of steps and variables in a piece of the tree."""
    for each in walk(node):
        if isinstance(each, ast.Apply):
            yield each.callee.text
        elif isinstance(each, ast.Var):
            yield each.name


def dotted(node: ast.Expr) -> str | None:
    """`linalg.norm`, where an expression is names with dots between them, else None."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.name.text)
        node = node.value
    return ".".join([node.name, *reversed(names)]) if isinstance(node, ast.Var) else None
