"""Groups: `{ … }` as a submodule with its own flow, which reads the names around it."""

from __future__ import annotations

from typing import Any

from ..diagnostics import error
from ..ir.graph import Module, Value, leaves
from ..source import Span
from ..syntax import ast
from .apply import Inputs, apply_again, apply_module
from .frames import Frame
from .labels import camel_case
from .modules import build_group
from .steps import ACTIONS


def apply_group(action: ast.Group, label: str | None, inputs: Inputs, step: ast.Step, frame: Frame) -> Any:
    """`{ … }`: a submodule with its own flow, which reads the names around it."""
    if frame.replay:
        return apply_again(frame.replay.pop(0), inputs, step.span, frame)
    one_flow(inputs, action.span)
    name = camel_case(label) if label and not label.isdecimal() else "Group"
    captured: list[Value] = []

    def build(structures: list[Any]) -> Module:
        module, outer = build_group("group", name, action.body, structures[0], frame)
        captured[:] = outer
        return module

    return apply_module(
        bind_flow, build, inputs, label, "group", step.span, step, frame,
        lambda _: (*leaves(inputs.values[0]), *captured),
    )  # fmt: skip


def bind_flow(inputs: Inputs, span: Span) -> list[Any]:
    """The one value that a group or repeat takes."""
    one_flow(inputs, span)
    return [inputs.values[0]]


def one_flow(inputs: Inputs, span: Span) -> None:
    if len(inputs.values) != 1 or inputs.keywords:
        raise error(
            "TN0301",
            "a group takes one value; it reads other names of the enclosing body by itself",
            inputs.span or span,
        )


ACTIONS[ast.Group] = apply_group
