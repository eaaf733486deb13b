"""The limit on how deep syntax trees are, so that later stages may recurse.

What counts is what a writer nests: operators and calls, lists, groups, loops, conditions. A chain of operators, or of
attributes, calls and subscripts, counts once.
"""

from __future__ import annotations

from ..diagnostics import Diagnostic
from ..source import Span
from . import ast
from .walk import children

LIMIT = 64

_POSTFIX = (ast.Attribute, ast.Call, ast.Index)
_COUNTED = (
    ast.ListExpr, ast.MapExpr, ast.TupleExpr, ast.Grouped, ast.Unary, ast.Binary, ast.Conditional, ast.String, ast.Pipe,
    ast.Apply, ast.Group, ast.Repeat, ast.For, ast.If, ast.RuleIf, ast.Targets, *_POSTFIX,
)  # fmt: skip


def too_deep(span: Span) -> Diagnostic:
    return Diagnostic("TN0901", "error", f"nested more than {LIMIT} deep", span, help="give the inner parts names")


def check_depth(declaration: ast.Node) -> Diagnostic | None:
    """What is wrong if a declaration is nested deeper than the limit."""
    waiting = [(declaration, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > LIMIT:
            return too_deep(node.span)
        waiting.extend((child, depth + _step(node, child)) for child in children(node))
    return None


def _step(node: ast.Node, child: ast.Node) -> int:
    return int(isinstance(child, _COUNTED) and child is not _next_link(node, type(child)))


def _next_link(node: ast.Node, kind: type) -> ast.Node | None:
    """The part of a node that goes on with the same chain, if it is of a kind that can."""
    if isinstance(node, ast.Binary) and kind is ast.Binary:
        return node.right if node.op == "**" else node.left
    if isinstance(node, _POSTFIX) and kind in _POSTFIX:
        return node.callee if isinstance(node, ast.Call) else node.value
    return None
