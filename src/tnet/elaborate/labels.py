"""Names of submodules: labels as written, and the names of what has none."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Sequence
from functools import cache

from torch import nn

from ..diagnostics import Note, error
from ..source import Span
from ..syntax import ast, children
from .evaluation import evaluate
from .frames import Frame


def label_text(label: ast.Name | ast.String, frame: Frame) -> str:
    """A label after interpolation."""
    if isinstance(label, ast.Name):
        return label.text
    return evaluate(label, frame)


def check_label(label: str, span: Span, frame: Frame) -> None:
    """Refuse a label that is no name of a submodule, or is taken."""
    if not (label.isidentifier() or label.isdecimal()):
        raise error("TN0206", f"`{label}` is no label: a label is a name or an integer", span)
    if keyword.iskeyword(label) or label in module_attributes():
        why = "a word of Python" if keyword.iskeyword(label) else "an attribute of `nn.Module`"
        raise error("TN0206", f"`{label}` cannot be a label: it is {why}", span, help=f"write `{label}_:`, say")
    if is_taken(label, frame) or label in frame.labels:
        first = frame.labels.get(label)
        notes = (Note("first given here", first),) if first else ()
        raise error(
            "TN0202", f"the name `{label}` is given twice in this module", span, *notes,
            help=f"to apply it again, write `{label}` alone" if first else None,
        )  # fmt: skip


def is_taken(name: str, frame: Frame) -> bool:
    module = frame.module
    return name in module.children or name in module.parameters or name in module.buffers


@cache
def module_attributes() -> frozenset[str]:
    return frozenset(dir(nn.Module()))


def submodule_name(label: str | None, span: Span, base: str, frame: Frame) -> str:
    """The label, or a name from the class or block: `conv2d`, `conv2d_1`, or a number in a group without labels."""
    if label is not None:
        check_label(label, span, frame)
        frame.labels[label] = span
        return label
    if frame.numbered:
        return str(len(frame.module.children))
    stem = base.lower()
    names = (stem if number == 0 else f"{stem}_{number}" for number in range(len(frame.module.children) + 2))
    return next(
        name
        for name in (*names, *(f"{stem}_{number}" for number in range(1, 10_000)))
        if not is_taken(name, frame)
        and name not in frame.reserved
        and name not in module_attributes()
        and not keyword.iskeyword(name)
    )


def literal_labels(statements: Sequence[ast.Statement]) -> Iterator[str]:
    """The labels that a body's own text gives, as far as they are plain; those of inner groups do not count."""
    return (step.label.text for step in own_steps(statements) if isinstance(step.label, ast.Name))


def has_labels(statements: Sequence[ast.Statement]) -> bool:
    """Whether a body's own text labels a step; those of inner groups do not count."""
    return any(step.label is not None for step in own_steps(statements))


def own_steps(statements: Sequence[ast.Statement]) -> Iterator[ast.Step]:
    """The steps in a body's own text, also those in arguments and pipes, but not in inner groups."""
    waiting: list[ast.Node] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Step):
            yield node
        if not isinstance(node, (ast.Group, ast.Repeat)):
            waiting.extend(children(node))


def camel_case(label: str) -> str:
    """`layer1` as `Layer1`, `branch_pool` as `BranchPool`."""
    return "".join(part[:1].upper() + part[1:] for part in label.split("_") if part) or "Group"
