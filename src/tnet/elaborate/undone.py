"""What the language has and the compiler does not do yet: found in the tree, refused by name and place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..diagnostics import Diagnostic
from ..source import Span
from ..syntax import ast
from .frames import MISSING, Frame


def undone(tree: ast.Tree) -> Iterator[Diagnostic]:
    """A diagnostic for each construct of the spec that is not done yet."""
    declared = {each.name.text for each in tree.declarations if hasattr(each, "name") and isinstance(each.name, ast.Name)}
    for declaration in tree.declarations:
        if isinstance(declaration, ast.Autograd):
            yield _refusal("`autograd`, a function with its own gradient,", declaration.name.span)
        elif isinstance(declaration, ast.Use):
            yield _refusal("`use` of Python code", declaration.module.span)
        elif isinstance(declaration, (ast.Block, ast.Net)):
            yield from _in_body(declaration.body, declared, set())


def _in_body(node: Any, declared: set[str], buffers: set[str]) -> Iterator[Diagnostic]:
    match node:
        case tuple() | list():
            for item in node:
                yield from _in_body(item, declared, buffers)
            return
        case ast.BufferStatement():
            buffers.add(node.name.text)
        case ast.If() | ast.Conditional() if _is_training_name(node.condition) and "training" not in declared:
            yield _refusal("code for training only (`if training`)", node.condition.span)
            return
        case ast.Repeat() if node.shared and _is_call(node.count, "randint"):
            yield _refusal("a repeat of random length", node.count.span)
        case ast.Apply():
            if node.callee.text.startswith("models."):
                yield _refusal(f"`{node.callee.text}`, a model of torchvision,", node.callee.span)
                return
            if node.surgery is not None:
                yield _refusal("replacing submodules", node.surgery.span)
            if node.taps is not None:
                yield _refusal("`at`, taking values from inside a layer,", node.taps.span)
        case ast.Assign() if node.op != "=" and isinstance(node.targets[0], ast.Name) and node.targets[0].text in buffers:
            yield _refusal("updating a buffer", node.span)
    if isinstance(node, ast.Node):
        for name in node.__dataclass_fields__:
            if name != "span":
                yield from _in_body(getattr(node, name), declared, buffers)


def _refusal(what: str, span: Span) -> Diagnostic:
    return Diagnostic("TN0001", "error", f"{what} is not done yet", span)


def _is_training_name(node: ast.Expr) -> bool:
    if isinstance(node, ast.Unary) and node.op == "not":
        return _is_training_name(node.operand)
    return isinstance(node, ast.Var) and node.name == "training"


def _is_call(node: ast.Expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.callee, ast.Var) and node.callee.name == name


def is_training(node: ast.Expr, frame: Frame) -> bool:
    """Whether a condition asks for the module's mode, which is kept for run time."""
    if not _is_training_name(node):
        return False
    return frame.find("training") is MISSING and frame.globals.find("training") is MISSING
