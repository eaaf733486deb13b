"""Assigning to a buffer: a write in place, without gradient."""

from __future__ import annotations

import operator
from typing import Any

from ..diagnostics import Note, error
from ..ir.graph import Node, Value
from ..source import Span
from ..syntax import ast
from .branches import read_own
from .callees import describe
from .frames import Frame
from .inference import infer_types
from .operators import apply_operator

IN_PLACE = {"+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv}


def is_buffer(name: str, frame: Frame) -> bool:
    return frame.module is not None and name in frame.module.buffers


def update_buffer(
    name: ast.Name, op: str, content: Any, span: Span, frame: Frame, subscripts: tuple | None = None
) -> None:
    """`name op content`, or with subscripts `name[…] op content`; the name then means the buffer as it is after."""
    if op not in ("=", *IN_PLACE):  # torch has no `@=` in place
        op, content = "=", apply_operator(op[:-1], frame.find(name.text), content, span, frame)
    number = isinstance(content, (int, float))
    if not number and not isinstance(content, Value):
        raise error("TN0303", f"buffer `{name.text}` is a tensor and cannot become {describe(content)}", span)
    buffer = Value(name.text, frame.module.buffers[name.text].type, frame.module.buffers[name.text].span)
    if op == "=" and not number and content.type.dtype != buffer.type.dtype:
        raise error(
            "TN0303", f"buffer `{name.text}` is `{buffer.type}` and cannot become `{content.type}`", span,
            Note("declared here", buffer.span), help=f"convert the value: `.to({buffer.type.dtype})`",
        )  # fmt: skip
    place = () if subscripts is None else (subscripts,)
    infer_types(frame, _Update(op), ("update", op), (buffer, content, *place), {}, span, name.text)
    frame.emit(Node("update", name.text, (op, content, *place), {}, (), span))
    frame.names[name.text] = read_own(name.text, name.span, frame)


class _Update:
    """The write, for inference: it fails where torch's does."""

    def __init__(self, op: str):
        self.op = op

    def __call__(self, buffer: Any, content: Any, subscripts: tuple | None = None) -> Any:
        changed = buffer.clone()
        if subscripts is not None:
            held = changed[subscripts]
            changed[subscripts] = content if self.op == "=" else IN_PLACE[self.op](held, content)
        elif self.op == "=":
            changed.fill_(content) if isinstance(content, (int, float)) else changed.copy_(content)
        else:
            IN_PLACE[self.op](changed, content)
        return changed
