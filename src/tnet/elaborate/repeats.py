"""Repeats: copies one after another, or one copy run several times."""

from __future__ import annotations

from typing import Any

from ..diagnostics import SpecError, error
from ..ir.graph import Module, Value, leaves
from ..source import Span
from ..syntax import ast
from .apply import Inputs, apply_again, apply_module
from .bodies import Returned, run_statements
from .callees import UNKNOWN, Skip, describe
from .evaluation import compile_time
from .frames import Frame, LimitReached
from .groups import apply_group, bind_flow, one_flow
from .labels import camel_case
from .modules import captured_values, inner_value
from .rounds import is_random, random_rounds
from .steps import ACTIONS, CHECKS, resolve_step, run_step

LARGEST_REPEAT = 100_000


def apply_repeat(action: ast.Repeat, label: str | None, inputs: Inputs, step: ast.Step, frame: Frame) -> Any:
    """`repeat n as i { … }`: a group of n copies one after another, or one copy run n times."""
    one_flow(inputs, action.span)
    if is_random(action.count, frame):
        return random_rounds(action, label, inputs, step, frame)
    count = repeat_count(action, frame)
    if action.shared:
        return shared_rounds(action, label, inputs, step, count, frame)
    if frame.replay:
        return apply_again(frame.replay.pop(0), inputs, step.span, frame)
    name = camel_case(label) if label and not label.isdecimal() else "Repeat"
    captured: list[Value] = []

    def build(structures: list[Any]) -> Module:
        module, outer = repeated(action, name, count, structures[0], frame)
        captured[:] = outer
        return module

    return apply_module(
        bind_flow, build, inputs, label, "repeat", step.span, step, frame,
        lambda _: (*leaves(inputs.values[0]), *captured),
    )  # fmt: skip


def repeat_count(action: ast.Repeat, frame: Frame) -> int:
    count = compile_time(action.count, frame, "how often to repeat")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise error("TN0303", f"a repeat counts with an integer from 0, not {describe(count)}", action.count.span)
    if count > LARGEST_REPEAT:
        raise error("TN0901", f"a repeat of {count:,} copies; at most {LARGEST_REPEAT:,} are built", action.count.span)
    return count


def check_count(action: ast.Repeat, frame: Frame) -> None:
    if not is_random(action.count, frame):
        repeat_count(action, frame)


CHECKS[ast.Repeat] = check_count


def check_copies(count: int, span: Span, frame: Frame) -> None:
    """Refuse repeats in repeats that are too many together before the first of them is built."""
    around: Frame | None = frame
    while around is not None and around.module is not None:
        count *= around.copies
        around = around.parent
    if count > LARGEST_REPEAT:
        raise LimitReached(
            error("TN0901", f"repeats in repeats make {count:,} copies; at most {LARGEST_REPEAT:,} are built", span)
        )


def repeated(action: ast.Repeat, name: str, count: int, structure: Any, frame: Frame) -> tuple[Module, list[Value]]:
    """The module of `repeat count { … }`: children `0`, `1`, … A copy that is one unlabelled layer is that layer."""
    own = inner_value(structure)
    module = Module("repeat", name, list(leaves(own)), span=action.span)
    module.own_inputs = len(module.inputs)
    inner = Frame(frame.work, frame.globals, frame.net, module, frame, names={"x": own}, numbered=True)
    inner.copies = max(count, 1)
    single = single_layer(action.body, frame)
    gathered = Gathered(action.body)
    check_copies(count, action.count.span, frame)
    for number in range(count):
        if action.variable:
            inner.names[action.variable.text] = number
        flow = Inputs((inner.names["x"],))
        result = run_step(single, flow, inner) if single else _copy(action, inner, number)
        inner.names["x"] = gathered.take(result)
    module.result = gathered.beside(inner.names["x"])
    return module, captured_values(inner)


def single_layer(body: ast.Body, frame: Frame) -> ast.Step | None:
    """The one unlabelled step of a layer or block that a copy consists of, or None."""
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
    return step if callee.kind in ("layer", "model", "block", "net", "def") else None


def _copy(action: ast.Repeat, inner: Frame, number: int) -> Any:
    """A copy with a body of its own, as child `number`."""
    group = ast.Group(action.body.span, action.body)
    step = ast.Step(action.body.span, None, group)
    return apply_group(group, None, Inputs((inner.names["x"],)), step, inner)


class Gathered:
    """What the rounds of a repeat hand out beside the flow, `return x, a, b`: a list for each."""

    def __init__(self, body: ast.Body):
        last = body.statements[-1] if body.statements else None
        self.lists: list[list[Any]] = [[] for _ in last.values[1:]] if isinstance(last, ast.Return) else []

    def take(self, result: Any) -> Any:
        """Gather what a round gives; what flows on is returned."""
        if not self.lists or result is UNKNOWN:
            return result
        flow, *rest = result
        for values, value in zip(self.lists, rest, strict=True):
            values.append(value)
        return flow

    def beside(self, flow: Any) -> Any:
        """What the repeat gives: the last flow, and the lists where there are any."""
        return (flow, *self.lists) if self.lists else flow


def shared_rounds(action: ast.Repeat, label: str | None, inputs: Any, step: ast.Step, count: int, frame: Frame) -> Any:
    """`repeat n shared { … }`: labelled, a group applied n times; unlabelled, its steps stand in this body."""
    if label is None:
        return _rounds_in_body(action, inputs, count, frame)
    group = ast.Group(action.body.span, action.body)
    flow, gathered = inputs.values[0], Gathered(action.body)
    for number in range(count):
        if number == 0:
            result = apply_group(group, label, inputs, ast.Step(step.span, step.label, group), frame)
        else:
            result = apply_again(label, Inputs((flow,)), step.span, frame)
        flow = gathered.take(result)
    return gathered.beside(flow)


def _rounds_in_body(action: ast.Repeat, inputs: Any, count: int, frame: Frame) -> Any:
    before, outer_replay = frame.names.get("x"), frame.replay
    frame.names["x"], gathered = inputs.values[0], Gathered(action.body)
    first = len(frame.module.children)
    for number in range(count):
        if action.variable:
            frame.names[action.variable.text] = number
        if number:
            children = list(frame.module.children)[first:]
            frame.replay = [name for name in children if name not in frame.labels]
        frame.names["x"] = gathered.take(_round_in_body(action.body, frame))
    frame.replay = outer_replay
    flow, frame.names["x"] = frame.names["x"], before
    return gathered.beside(flow)


def _round_in_body(body: ast.Body, frame: Frame) -> Any:
    try:
        run_statements(body.statements, frame)
    except Returned as returned:
        return returned.value
    return frame.names["x"]


ACTIONS[ast.Repeat] = apply_repeat
