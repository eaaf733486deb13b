"""Repeats: copies one after another, or one copy run several times."""

from __future__ import annotations

from typing import Any

from ..diagnostics import SpecError
from ..ir.graph import Module, Value, leaves
from ..syntax import ast
from .callees import Skip
from .frames import Frame
from .modules import build_group, inner_value


def repeated(
    action: ast.Repeat, name: str, count: int, structure: Any, frame: Frame
) -> tuple[Module, list[Value]]:
    """The module of `repeat count { … }`: children `0`, `1`, … A copy that is one unlabelled layer is that layer."""
    from .steps import Inputs, run_step

    own = inner_value(structure)
    module = Module("repeat", name, list(leaves(own)), span=action.span)
    module.own_inputs = len(module.inputs)
    inner = Frame(frame.work, frame.globals, frame.net, module, frame, names={"x": own}, numbered=True)
    single = single_layer(action.body, frame)
    gathered: list[list[Any]] = []
    for number in range(count):
        if action.variable:
            inner.names[action.variable.text] = number
        flow = Inputs((inner.names["x"],))
        result = run_step(single, flow, inner) if single else _copy(action, inner, number)
        inner.names["x"], rest = _split(result, action.body)
        gathered = [[*before, value] for before, value in zip(gathered or [[]] * len(rest), rest, strict=True)]
    module.result = (inner.names["x"], *gathered) if gathered else inner.names["x"]
    return module, list(inner.captured)


def single_layer(body: ast.Body, frame: Frame) -> ast.Step | None:
    """The one unlabelled step of a layer or block that a copy consists of, or None."""
    from .steps import resolve_step

    statements = body.statements
    if len(statements) != 1 or not isinstance(statements[0], ast.Flow) or len(statements[0].steps) != 1:
        return None
    step = statements[0].steps[0]
    if step.label is not None or step.shared or not isinstance(step.action, ast.Apply):
        return None
    try:
        callee = resolve_step(step.action.callee.text, step.action.callee.span, frame)
    except (SpecError, Skip):
        return step
    return step if callee.kind in ("layer", "block", "net", "def") else None


def _copy(action: ast.Repeat, inner: Frame, number: int) -> Any:
    """A copy with a body of its own, as child `number`."""
    from .apply import apply_group
    from .steps import Inputs

    group = ast.Group(action.body.span, action.body)
    step = ast.Step(action.body.span, None, group)
    return apply_group(group, None, Inputs((inner.names["x"],)), step, inner)


def _split(result: Any, body: ast.Body) -> tuple[Any, tuple]:
    """What flows on, and what `return x, a` hands out beside it."""
    last = body.statements[-1] if body.statements else None
    several = isinstance(last, ast.Return) and len(last.values) > 1
    return (result[0], tuple(result[1:])) if several else (result, ())


def shared_rounds(
    action: ast.Repeat, label: str | None, inputs: Any, step: ast.Step, count: int, frame: Frame
) -> Any:
    """`repeat n shared { … }`: labelled, a group applied n times; unlabelled, its steps stand in this body."""
    from .apply import apply_again, apply_group
    from .steps import Inputs

    if label is None:
        return _rounds_in_body(action, inputs, count, frame)
    group = ast.Group(action.body.span, action.body)
    for number in range(count):
        if number == 0:
            value = apply_group(group, label, inputs, ast.Step(step.span, step.label, group), frame)
        else:
            value = apply_again(label, Inputs((value,)), step.span, frame)
    return value if count else inputs.values[0]


def _rounds_in_body(action: ast.Repeat, inputs: Any, count: int, frame: Frame) -> Any:
    from .bodies import run_statements

    before, outer_replay = frame.names.get("x"), frame.replay
    frame.names["x"] = inputs.values[0]
    first = len(frame.module.children)
    for number in range(count):
        if action.variable:
            frame.names[action.variable.text] = number
        if number:
            frame.replay = list(frame.module.children)[first:]
        run_statements(action.body.statements, frame)
    frame.replay = outer_replay
    value, frame.names["x"] = frame.names["x"], before
    return value
