"""What the language has and the compiler does not do yet: found in the tree, refused by name and place."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic
from ..source import Span
from ..syntax import ast


def undone(tree: ast.Tree) -> Iterator[Diagnostic]:
    """A diagnostic for each construct of the spec that is not done yet."""
    for declaration in tree.declarations:
        if isinstance(declaration, ast.Use):
            yield _refusal("`use` of Python code", declaration.module.span)


def _refusal(what: str, span: Span) -> Diagnostic:
    return Diagnostic("TN0001", "error", f"{what} is not done yet", span)
