"""Replacing submodules of a model: labelled steps, each at its path, for what that submodule is given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from torch import nn

from ..catalog.detectors import is_detector
from ..diagnostics import Note, did_you_mean, error
from ..ir.graph import Layer, Module
from ..shapes.partial import Until
from ..shapes.stand_in import stand_in
from ..source import Span
from ..syntax import ast
from .apply import Inputs, layer_key
from .bodies import bind_target, unpack
from .detectors import given_in_detector
from .evaluation import decide
from .frames import Frame
from .inference import infer_types, new_values
from .labels import label_text
from .loops import items_of
from .steps import run_step


@dataclass
class Draft:
    """A model under the knife. `key` tells apart what it has become; `places` are those of the paths replaced."""

    name: str
    model: nn.Module
    key: tuple
    replaced: dict[str, Layer | Module] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)

    def check_path(self, path: str, span: Span) -> None:
        """Raises SpecError for a path of no submodule, with the nearest."""
        paths = [name for name, _ in self.model.named_modules() if name]
        if path in paths:
            return
        beside = [each for each in paths if each.rpartition(".")[0] == path.rpartition(".")[0]]
        help = did_you_mean(path, paths)
        if help is None:
            listed = ", ".join(f"`{each}`" for each in (beside or [each for each in paths if "." not in each])[:12])
            help = f"there are {listed}" if listed else None
        raise error("TN0201", f"`{self.name}` has no submodule `{path}`", span, help=help)


def operate(draft: Draft, body: ast.Body, inputs: Inputs, frame: Frame) -> None:
    """Replace what the labelled steps of a body name, in the order written."""
    outer = replace(frame, names=dict(frame.names), parent=frame.parent)
    _statements(draft, body.statements, inputs, outer)


def _statements(draft: Draft, statements: tuple[ast.Statement, ...], inputs: Inputs, frame: Frame) -> None:
    for statement in statements:
        match statement:
            case ast.Flow(steps=(step,)) if step.label is not None and not step.shared:
                _replace(draft, step, inputs, frame)
            case ast.If():
                chosen = statement.then if decide(statement.condition, frame) else statement.otherwise
                _statements(draft, chosen.statements if chosen else (), inputs, frame)
            case ast.For():
                for item in items_of(statement.iterable, frame):
                    if len(statement.targets) == 1:
                        bind_target(statement.targets[0], item, statement.iterable.span, frame)
                    else:
                        unpack(statement.targets, item, statement.iterable, frame)
                    _statements(draft, statement.body.statements, inputs, frame)
            case _:
                raise error(
                    "TN0501", "only labelled steps replace submodules", statement.span,
                    help="write the path and one step: `fc: Linear(2)`, `fc: { Dropout(0.2); Linear(2) }`",
                )  # fmt: skip


def _replace(draft: Draft, step: ast.Step, inputs: Inputs, frame: Frame) -> None:
    path, span = label_text(step.label, frame), step.label.span
    above = next((each for each in draft.places if path == each or path.startswith(f"{each}.")), None)
    if above is not None:
        raise error("TN0202", f"`{path}` is replaced already", span, Note("replaced here", draft.places[above]))
    draft.check_path(path, span)
    child = _child(step, path, _given(draft, path, inputs, span, frame), frame)
    for under in [each for each in draft.replaced if each.startswith(f"{path}.")]:
        del draft.replaced[under]
    draft.model.set_submodule(path, stand_in(child))
    draft.replaced[path], draft.places[path] = child, span
    draft.key = (*draft.key, (path, layer_key(child) if isinstance(child, Layer) else child))


def _given(draft: Draft, path: str, inputs: Inputs, span: Span, frame: Frame) -> Inputs:
    """What the model gives the submodule at a path: first as it predicts, else as it trains."""
    if is_detector(draft.model):
        return given_in_detector(draft, path, inputs, span, frame)
    for training in (False, True):
        until = Layer(draft.name, (), Until(draft.model, path, training))
        key = ("until", draft.key, path, training)
        found = infer_types(frame, until, key, inputs.values, inputs.keywords, span, draft.name)
        if found is not None:
            values = new_values(found, span)
            return Inputs(tuple(values[0]), values[1], span)
    raise error("TN0404", f"`{draft.name}` never applies `{path}` to this input", span)


def _child(step: ast.Step, path: str, given: Inputs, frame: Frame) -> Layer | Module:
    """The layer, block or group of one step."""
    last = path.rpartition(".")[2]
    flow = given.values[0] if given.values else None
    inner = Frame(frame.work, frame.globals, frame.net, Module("group", "Replaced"), frame, names={"x": flow})
    run_step(replace(step, label=ast.Name(step.label.span, last)), given, inner)
    if inner.captured:
        name = next(iter(inner.captured)).name
        raise error("TN0206", f"what replaces `{path}` is given only what the model gives it, not `{name}`", step.span)
    applied = [node for node in inner.module.nodes if node.op != "index"]
    if list(inner.module.children) != [last] or len(applied) != 1:
        raise error("TN0501", f"one layer, block or group replaces `{path}`", step.span)
    return inner.module.children[last]
