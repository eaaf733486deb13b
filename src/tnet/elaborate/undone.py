"""What the language has and the compiler does not do yet: found in the tree, refused by name and place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..diagnostics import Diagnostic
from ..source import Span
from ..syntax import ast, children


def undone(tree: ast.Tree) -> Iterator[Diagnostic]:
    """A diagnostic for each construct of the spec that is not done yet."""
    for declaration in tree.declarations:
        if isinstance(declaration, ast.Autograd):
            yield _refusal("`autograd`, a function with its own gradient,", declaration.name.span)
        elif isinstance(declaration, ast.Use):
            yield _refusal("`use` of Python code", declaration.module.span)
        elif isinstance(declaration, (ast.Block, ast.Net)):
            yield from _search(declaration.body)


def _search(body: ast.Body) -> Iterator[Diagnostic]:
    waiting: list[ast.Node] = [body]
    while waiting:
        node = waiting.pop()
        found = list(CHECKS[type(node)](node)) if type(node) in CHECKS else []
        yield from (_refusal(*each) for each in found)
        if not found:
            waiting.extend(reversed(list(children(node))))


def _refusal(what: str, span: Span) -> Diagnostic:
    return Diagnostic("TN0001", "error", f"{what} is not done yet", span)


Found = Iterator[tuple[str, Span]]


def _apply(node: ast.Apply) -> Found:
    if node.callee.text.startswith("models."):
        yield f"`{node.callee.text}`, a model of torchvision,", node.callee.span
    if node.surgery is not None:
        yield "replacing submodules", node.surgery.span
    if node.taps is not None:
        yield "`at`, taking values from inside a layer,", node.taps.span


CHECKS: dict[type, Callable[[Any], Found]] = {
    ast.Apply: _apply,
}
