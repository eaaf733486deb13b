"""Syntax trees as text without places, for tests."""

from __future__ import annotations

from tnet.syntax import ast


def outline(value: object) -> str:
    """`Assign((Name('y'),), '=', Var('e'))`: classes and their fields, spans left out."""
    if isinstance(value, ast.Node):
        names = [each for each in value.__dataclass_fields__ if each != "span"]
        return f"{type(value).__name__}({', '.join(outline(getattr(value, each)) for each in names)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(outline, value))}{',' if len(value) == 1 else ''})"
    return repr(value)
