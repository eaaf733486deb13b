"""The pipelines of a data section, such as `augment: { … }`: calls of transforms, those under `if training` marked."""

from __future__ import annotations

from ..diagnostics import SpecError, did_you_mean, error
from ..ir.graph import TrainingFlag
from ..ir.program import Conditional, Pipeline
from ..ir.values import Call
from ..syntax import ast
from .callees import Skip
from .evaluation import arguments
from .frames import Frame
from .globals import Globals
from .modes import truths
from .own_code import as_call

PIPELINES = ("augment", "prepare", "transform")


def read_pipeline(item: ast.Flow, pipelines: dict[str, Pipeline], globals_: Globals) -> None:
    """Adds the pipeline that a step of a data section is to those found before, or reports what is wrong with it."""
    step = item.steps[0]
    try:
        label = step.label.text if isinstance(step.label, ast.Name) else None
        if len(item.steps) != 1 or label not in PIPELINES or not isinstance(step.action, ast.Group):
            raise error(
                "TN0501", "`data` holds settings and `augment: { … }`, `prepare: { … }`, `transform: { … }`", item.span,
                help=did_you_mean(label, PIPELINES) if label else None,
            )  # fmt: skip
        if label in pipelines:
            raise error("TN0202", f"`{label}` is given twice", step.label.span)
        pipelines[label] = Pipeline(tuple(_transforms(step.action.body, globals_)), item.span)
    except SpecError as problem:
        globals_.work.report(problem)
    except Skip:
        pass


def _transforms(body: ast.Body, globals_: Globals) -> list[Call | Conditional]:
    frame = Frame(globals_.work, globals_, names={"training": TrainingFlag()}, section=True)
    found: list[Call | Conditional] = []
    for statement in body.statements:
        if isinstance(statement, ast.If):
            found += _chosen(statement, frame)
            continue
        if not isinstance(statement, ast.Flow):
            globals_.work.report(error("TN0501", "only transforms stand here", statement.span))
            continue
        found += [_transform(step, frame) for step in statement.steps]
    return found


def _chosen(node: ast.If, frame: Frame) -> list[Call | Conditional]:
    """The transforms of the branches of an `if`, each for the mode that it is of."""
    training, evaluation = (node.then if truth else node.otherwise for truth in truths(node.condition, frame))
    if training is evaluation:
        return _transforms(training, frame.globals) if training else []
    modes = [(body, mode) for body, mode in ((training, True), (evaluation, False)) if body]
    return [each for body, mode in modes for each in _under(_transforms(body, frame.globals), mode)]


def _under(steps: list[Call | Conditional], training: bool) -> list[Conditional]:
    """What a mode has of steps, some of which may be for the other one only."""
    calls = [each if isinstance(each, Conditional) else Conditional(each, training) for each in steps]
    return [each for each in calls if each.training == training]


def _transform(step: ast.Step, frame: Frame) -> Call:
    action = step.action
    if step.label is not None or not isinstance(action, ast.Apply):
        raise error("TN0501", "a pipeline is a list of transforms, without labels and groups", step.span)
    given = arguments(action.args, frame)
    own = as_call(frame.globals.find(action.callee.text), action.span)
    target = own.target if isinstance(own, Call) else None
    args = tuple(as_call(each, given.spans[place]) for place, each in enumerate(given.positional))
    kwargs = {name: as_call(each, given.spans[name]) for name, each in given.keywords.items()}
    called = action.args is not None
    return Call(action.callee.text, args, kwargs, called, action.span, given.spans, given.names, target)
