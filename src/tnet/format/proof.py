"""What a formatter must not do, checked on each call."""

from __future__ import annotations

from itertools import zip_longest

from ..syntax import ast


def first_difference(left: object, right: object) -> ast.Node | None:
    """A node of `left` that differs from its counterpart in `right` in more than its place; None where all agree."""
    waiting = [(left, right, None)]
    while waiting:
        one, other, around = waiting.pop()
        if type(one) is not type(other):
            return around
        if isinstance(one, ast.Node):
            waiting.extend((getattr(one, name), getattr(other, name), one) for name in _fields(one))
        elif isinstance(one, tuple):
            waiting.extend((*pair, around) for pair in zip_longest(one, other))
        elif one != other:
            return around
    return None


def _fields(node: ast.Node) -> list[str]:
    return [name for name in node.__dataclass_fields__ if name != "span"]
