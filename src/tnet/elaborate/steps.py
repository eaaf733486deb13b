"""Steps and pipes: what a name means in a step, and applying it to the flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..catalog.functions import NAMESPACES, REFUSED
from ..catalog.models import PREFIX
from ..diagnostics import Note, SpecError, error
from ..ir.graph import Module
from ..source import Span
from ..syntax import ast
from .apply import Inputs, apply_again, apply_callee
from .bodies import executes, run_statements
from .callees import UNKNOWN, Callee, Faults, Skip, describe
from .calls import bind_formals, call_definition
from .evaluation import arguments, evaluate, evaluates
from .frames import MISSING, Frame
from .labels import check_label, label_text
from .layers import bind_arguments
from .library import library_callee
from .origins import shortened
from .suggestions import suggest

Act = Callable[[Any, "str | None", Inputs, ast.Step, Frame], Any]
ACTIONS: dict[type, Act] = {}
"""What a step does, by the kind of its action; entered where it is defined."""

CHECKS: dict[type, Callable[[Any, Frame], Any]] = {}
"""What of an action is looked at although its input is unknown, by its kind; entered where it is defined."""

WITH_SURGERY: dict[str, Callable] = {}
"""What applies a callee that takes `{ … }` and `at`, by its kind; entered where it is defined."""


@executes(ast.Flow)
def _flow(node: ast.Flow, frame: Frame) -> None:
    try:
        flow = frame.find("x")
    except Skip:
        check_steps(node.steps, frame)
        raise
    result = run_steps(node.steps, Inputs((flow,), {}, None), frame)
    frame.names["x"] = result


@evaluates(ast.Pipe)
def pipe(node: ast.Pipe, frame: Frame) -> Any:
    """`source -> step -> step` as a value."""
    try:
        inputs = pipe_inputs(node.source, frame)
    except Skip:
        check_steps(node.steps, frame)
        raise
    return run_steps(node.steps, inputs, frame)


def pipe_inputs(node: ast.Expr, frame: Frame) -> Inputs:
    """The source of a pipe: a tuple in parentheses is several inputs."""
    if isinstance(node, ast.TupleExpr):
        given = arguments(node.items, frame)
        return Inputs(given.positional, given.keywords, node.span)
    return Inputs((evaluate(node, frame),), {}, node.span)


def run_steps(steps: tuple[ast.Step, ...], inputs: Inputs, frame: Frame) -> Any:
    """Apply steps one after another; in their arguments `x` is the value before the row."""
    for number, step in enumerate(steps):
        try:
            inputs = Inputs((run_step(step, inputs, frame),), {}, step.span)
        except (SpecError, Skip):
            _note_label(step, frame)
            check_steps(steps[number + 1 :], frame)
            raise
    return inputs.values[0]


def run_step(step: ast.Step, inputs: Inputs, frame: Frame) -> Any:
    label = None if step.label is None else label_text(step.label, frame)
    if label is not None and label in frame.labels and (step.shared or frame.replay is not None):
        return apply_again(label, inputs, step.span, frame)
    return ACTIONS[type(step.action)](step.action, label, inputs, step, frame)


def _again(action: ast.Again, label: str | None, inputs: Inputs, step: ast.Step, frame: Frame) -> Any:
    name, span = label_text(action.label, frame), action.span
    if name not in frame.labels:
        raise error("TN0201", f"no submodule is labelled `{name}` before this", span, help=suggest(name, frame))
    if label is not None:
        raise error("TN0206", f"`{name}` is applied again and keeps its label", span)
    return apply_again(name, inputs, span, frame)


def _apply(action: ast.Apply, label: str | None, inputs: Inputs, step: ast.Step, frame: Frame) -> Any:
    name = action.callee.text
    if name in frame.labels and label is None:
        _refuse_additions(action, frame)
        return apply_again(name, inputs, action.span, frame)
    callee = resolve_step(name, action.callee.span, frame, label or "x")
    callee = callee.bind(arguments(_without_flow(action, callee, frame), frame))
    if callee.kind == "def":
        made = call_definition(callee, action.span, frame)
        if not isinstance(made, Callee):
            raise error("TN0205", f"`{name}` gives {describe(made)}, not a layer or function", action.span)
        callee = made
    if callee.kind in WITH_SURGERY:
        if frame.replay:
            return apply_again(frame.replay.pop(0), inputs, action.span, frame)
        return WITH_SURGERY[callee.kind](callee, action, label, inputs, step, frame)
    if action.surgery is not None or action.taps is not None:
        what, does = (action.surgery, "replaced") if action.surgery is not None else (action.taps, "read")
        rules = does == "replaced" and any(not isinstance(each, ast.Flow) for each in what.statements)
        help = "rules stand in `parameters { … }`" if rules else None
        raise error(
            "TN0206", f"only the submodules of a model are {does}, not of {describe(callee)}", what.span, help=help
        )
    return apply_callee(callee, label, inputs, action.span, step, frame)


def _refuse_additions(action: ast.Apply, frame: Frame) -> None:
    """A label that is applied again stands alone."""
    name = action.callee.text
    note = Note("labelled here", frame.labels[name])
    if action.args is not None:
        message = f"`{name}` is a label, applied again here, and takes no arguments"
        raise error("TN0301", message, action.span, note, help=f"write `{name}`")
    if action.surgery is not None or action.taps is not None:
        place = (action.surgery or action.taps).span
        help = "rules stand in `parameters { … }`" if action.surgery is not None else None
        raise error("TN0206", f"`{name}` is a label, applied again here, and stands alone", place, note, help=help)


ACTIONS |= {ast.Again: _again, ast.Apply: _apply}


def resolve_step(name: str, span: Span, frame: Frame, target: str = "x") -> Callee:
    """What a name means in a step. Raises SpecError for one that is no layer or function; it may have been meant as a
    value for the name `target`.
    """
    for value in (frame.find(name) if "." not in name else MISSING, frame.globals.find(name)):
        if isinstance(value, Callee):
            return value
        if value is not MISSING and library_callee(name, step=True) is None:
            row = " -> …" if span.source.text[span.end :].lstrip().startswith("->") else ""
            written = f"write `{target} = {name}{row}`"
            better = "write names of layers without quotes" if isinstance(value, str) else written
            raise error("TN0205", f"`{name}` is {describe(value)}, not a layer or function", span, help=better)
    if found := library_callee(name, step=True):
        return found
    raise _unknown(name, span, frame)


def _unknown(name: str, span: Span, frame: Frame) -> Exception:
    if name in frame.labels:
        return error("TN0206", f"`{name}` is applied again and keeps its label", span, help=f"write `{name}` alone")
    if name in REFUSED:
        return error("TN0206", f"`{name}` cannot be used in a spec: {REFUSED[name]}", span)
    if name.endswith("_") and library_callee(name.rstrip("_"), step=True):
        better = name.rstrip("_")
        return error(
            "TN0206",
            f"`{name}` changes a value in place, which never happens in a spec",
            span,
            help=f"write `{better}`",
        )
    if name.startswith(PREFIX):
        return error("TN0203", f"torchvision has no model `{name}`", span, help=suggest(name, frame))
    method = name.rpartition(".")[2]
    if "." in name and method in REFUSED and name.split(".")[0] in frame.names:
        return error("TN0206", f"`{name}` cannot be used in a spec: {REFUSED[method]}", span)
    kind = "function" if name.split(".")[0] in NAMESPACES else "layer or function"
    return error("TN0203", f"unknown {kind} `{name}`", span, help=suggest(name, frame))


def _without_flow(action: ast.Apply, callee: Callee, frame: Frame) -> tuple[ast.Arg, ...]:
    """The arguments of a step, but for an `x` as the first, which it is given anyway; that is reported."""
    args = action.args or ()
    first = args[0].value if args and args[0].name is None else None
    if callee.kind not in ("function", "method", "layer", "autograd") or not _holds_flow(first):
        return args
    name, rest = action.callee.text, ", ".join(arg.span.text for arg in args[1:])
    if not isinstance(first, ast.Var):
        help = f"write `x = {shortened(action.span.text)}`"
        raise error("TN0301", f"`{name}` is already given `x`", first.span, help=help)
    better = f"{name}({rest})" if rest else name
    frame.fault(error("TN0301", f"`{name}` is already given `x`", args[0].span, help=f"write `{better}`"))
    return args[1:]


def _holds_flow(node: ast.Expr | None) -> bool:
    """Whether an expression is `x`, or a list or tuple with it."""
    items = node.items if isinstance(node, ast.ListExpr) else ()
    return any(isinstance(each, ast.Var) and each.name == "x" for each in (node, *items))


def check_steps(steps: tuple[ast.Step, ...], frame: Frame) -> None:
    """Check names and arguments of steps whose input is unknown, so that one run shows these faults too."""
    for step in steps:
        try:
            _check_step(step, frame)
        except SpecError as problem:
            frame.work.report(problem)
        except Skip:
            pass


def _note_label(step: ast.Step, frame: Frame) -> None:
    """Keep the label of a step that failed, so that applying it again is no second fault."""
    if isinstance(step.label, ast.Name):
        frame.labels.setdefault(step.label.text, step.label.span)


def _check_step(step: ast.Step, frame: Frame) -> None:
    if step.label is not None:
        label = label_text(step.label, frame)
        if not step.shared and not (frame.replay is not None and label in frame.labels):
            check_label(label, step.label.span, frame)
        frame.labels.setdefault(label, step.label.span)
    faults = Faults()
    if type(step.action) in CHECKS:
        faults.of(CHECKS[type(step.action)], step.action, frame)
    if isinstance(step.action, ast.Repeat) and step.action.shared and step.label is None:
        return faults.end()  # its steps stand in this body
    if isinstance(step.action, (ast.Group, ast.Repeat)):
        inner = replace(frame, names={"x": UNKNOWN}, parent=frame, labels={}, module=Module("group", "unknown"))
        if isinstance(step.action, ast.Repeat) and step.action.variable:
            inner.names[step.action.variable.text] = UNKNOWN
        run_statements(step.action.body.statements, inner)
    elif isinstance(step.action, ast.Apply) and step.action.callee.text in frame.labels and step.label is None:
        _refuse_additions(step.action, frame)
    elif isinstance(step.action, ast.Apply):
        callee = resolve_step(step.action.callee.text, step.action.callee.span, frame)
        callee = callee.bind(arguments(_without_flow(step.action, callee, frame), frame))
        if callee.kind == "layer":
            bind_arguments(callee.target, callee.arguments, step.action.span)
        elif callee.kind == "block":
            declared = callee.target
            config = declared.node.config or ()
            bind_formals(config, callee.arguments, callee.name, step.action.span, declared.globals, frame)
    faults.end()
