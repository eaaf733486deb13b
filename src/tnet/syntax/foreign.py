"""Names of Python's modules and of `self`, which mean nothing in a spec, whatever the rest of it says."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic
from . import ast
from .walk import dotted, walk

MODULES = frozenset(
    "torch nn functional F init optim lr_scheduler torchvision transforms datasets v2 ops T np numpy jnp jax tf keras"
    " layers math torchmetrics einops".split()
)
"""Modules whose names Python code writes before the names that a spec writes alone."""


def without_modules(path: str) -> str | None:
    """How to write a name that stands after Python's modules, `nn.functional.relu`, as a help line."""
    prefix, _, rest = path.rpartition(".")
    if prefix == "self":
        return f"there is no `self`; write `{rest}`"
    if not prefix or not MODULES.issuperset(prefix.split(".")):
        return None
    return f"names are written without their module: `{rest.rstrip('_')}`"


def foreign_names(tree: ast.Tree) -> Iterator[Diagnostic]:
    """Where a tree names Python's modules. With gaps in a spec this can be told, where its other names cannot."""
    bound = _bound(tree)
    inner: set[int] = set()
    for node in (each for declaration in tree.declarations for each in walk(declaration)):
        if isinstance(node, ast.Attribute):
            inner.add(id(node.value))
        path = _path(node) if id(node) not in inner else None
        if path and path.split(".")[0] not in bound and (help := without_modules(path)):
            place = node.callee.span if isinstance(node, ast.Apply) else node.span
            code, message = _WORDS[type(node)]
            yield Diagnostic(code, "error", message.format(path), place, help=help)


_WORDS = {
    ast.Apply: ("TN0203", "unknown layer or function `{}`"),
    ast.Attribute: ("TN0201", "`{}` is not defined"),
}
"""What is said of a step and of a value."""


def _path(node: ast.Node) -> str | None:
    if isinstance(node, ast.Apply):
        return node.callee.text
    return dotted(node) if isinstance(node, ast.Attribute) else None


def _bound(tree: ast.Tree) -> set[str]:
    """All names that a spec gives to anything; those after a dot are given elsewhere."""
    nodes = [each for node in tree.declarations for each in walk(node)]
    after_dots = {id(each.name) for each in nodes if isinstance(each, ast.Attribute)}
    return {each.text for each in nodes if isinstance(each, ast.Name) and id(each) not in after_dots}
