"""What the language has and the compiler does not do yet: found in the tree, refused by name and place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..diagnostics import Diagnostic
from ..source import Span
from ..syntax import ast, children
from .frames import MISSING, Frame


@dataclass
class Seen:
    """What the search knows of the spec so far."""

    declared: set[str]
    buffers: set[str] = field(default_factory=set)


def undone(tree: ast.Tree) -> Iterator[Diagnostic]:
    """A diagnostic for each construct of the spec that is not done yet."""
    seen = Seen({each.name.text for each in tree.declarations if isinstance(getattr(each, "name", None), ast.Name)})
    for declaration in tree.declarations:
        if isinstance(declaration, ast.Autograd):
            yield _refusal("`autograd`, a function with its own gradient,", declaration.name.span)
        elif isinstance(declaration, ast.Use):
            yield _refusal("`use` of Python code", declaration.module.span)
        elif isinstance(declaration, (ast.Block, ast.Net)):
            yield from _search(declaration.body, seen)


def _search(body: ast.Body, seen: Seen) -> Iterator[Diagnostic]:
    waiting: list[ast.Node] = [body]
    while waiting:
        node = waiting.pop()
        found = list(CHECKS[type(node)](node, seen)) if type(node) in CHECKS else []
        yield from (_refusal(*each) for each in found)
        if not found:
            waiting.extend(reversed(list(children(node))))


def _refusal(what: str, span: Span) -> Diagnostic:
    return Diagnostic("TN0001", "error", f"{what} is not done yet", span)


Found = Iterator[tuple[str, Span]]


def _condition(node: ast.If | ast.Conditional, seen: Seen) -> Found:
    if names_training(node.condition) and "training" not in seen.declared:
        yield "code for training only (`if training`)", node.condition.span


def _repeat(node: ast.Repeat, seen: Seen) -> Found:
    count = node.count
    if isinstance(count, ast.Call) and isinstance(count.callee, ast.Var) and count.callee.name == "randint":
        yield "a repeat of random length", count.span


def _buffer(node: ast.BufferStatement, seen: Seen) -> Found:
    seen.buffers.add(node.name.text)
    yield from ()


def _assign(node: ast.Assign, seen: Seen) -> Found:
    targets = {target.text for target in node.targets if isinstance(target, ast.Name)}
    if targets & seen.buffers:
        yield "updating a buffer", node.span


CHECKS: dict[type, Callable[[Any, Seen], Found]] = {
    ast.If: _condition,
    ast.Conditional: _condition,
    ast.Repeat: _repeat,
    ast.BufferStatement: _buffer,
    ast.Assign: _assign,
}


def names_training(node: ast.Expr) -> bool:
    if isinstance(node, ast.Unary) and node.op == "not":
        return names_training(node.operand)
    return isinstance(node, ast.Var) and node.name == "training"


def is_training(node: ast.Expr, frame: Frame) -> bool:
    """Whether a condition asks for the module's mode, which is kept for run time."""
    if not names_training(node):
        return False
    return frame.find("training") is MISSING and frame.globals.find("training") is MISSING
