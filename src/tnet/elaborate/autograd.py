"""`autograd`: functions with their own gradient, elaborated once for each configuration and types of the inputs.

`backward` sees configuration, inputs as they were given, and what `forward` gave its other names. Neither has layers,
parameters or buffers, and neither knows the mode: a `torch.autograd.Function` has no module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..diagnostics import Diagnostic, Note, SpecError, error
from ..ir.autograd import Autograd
from ..ir.graph import DropoutProbability, Module, Node, TrainingChoice, TrainingFlag, Value, leaves, walk
from ..ir.types import TensorType
from ..shapes import freeze
from ..source import Span
from ..syntax import ast
from .bodies import Returned, run_statements
from .callees import UNKNOWN, Arguments, Callee, Declared, Skip, describe
from .calls import OTHER_CALLS, bind_formals, inputs_of
from .evaluation import is_runtime
from .frames import Frame
from .functions import OTHER_FUNCTIONS
from .inference import new_values, types_of
from .labels import literal_labels
from .modules import captured_values, entered, freeze_settings, inner_value
from .ports import same_where_it_runs

HAS_NO = "which an `autograd` function cannot have"
NO_MODE = "an `autograd` function does not know the mode"
NEEDS_MODULE = {
    "apply": (f"`{{}}` is a layer, {HAS_NO}", "apply it outside and give its result as an input"),
    "read": (f"`{{}}` is a parameter or buffer, {HAS_NO}", "declare it outside and give it as an input"),
    "update": (f"`{{}}` is a buffer, {HAS_NO}", "write it outside"),
    "if": (NO_MODE, "ask `if training` outside"),
    "conditional": (NO_MODE, "ask `if training` outside"),
}
"""Operations that need a module, with what is wrong and what to do."""


@dataclass(eq=False)
class BackwardFrame(Frame):
    """The body of `backward`: it may give the names of `forward` other values."""

    given: dict[str, Any] = field(default_factory=dict)  # the inputs of `forward`, as they were given

    def find(self, name: str) -> Any:
        return self.capture(self.given[name]) if name in self.given and name not in self.names else super().find(name)

    def is_outer(self, name: str) -> bool:
        return False


@dataclass(frozen=True)
class Result:
    """What a body returned, with the place of each value."""

    values: tuple[Any, ...]
    spans: tuple[Span, ...]


def apply_autograd(callee: Callee, inputs: tuple, keywords: dict[str, Any], span: Span, frame: Frame) -> Any:
    """Apply a function with its own gradient to the inputs of a step; what is bound to it configures it."""
    declared: Declared = callee.target
    settings = bind_formals(declared.node.config, callee.arguments, callee.name, span, declared.globals, frame)
    for name, value in settings.items():
        if is_runtime(value):
            place, advice = callee.arguments.span(name, span), f"write `{callee.name}(…)(x)` or `x -> {callee.name}(…)`"
            raise error(
                "TN0303",
                f"`{name}` configures `{callee.name}` and must be known before the model runs",
                place,
                help=advice,
            )
    formals = inputs_of(declared.node)
    given = bind_formals(formals, Arguments(inputs, keywords), callee.name, span, declared.globals, frame)
    for name, value in given.items():
        if is_runtime(value) and not (isinstance(value, Value) and isinstance(value.type, TensorType)):
            raise error("TN0303", f"`{name}` of `{callee.name}` is one tensor, not {describe(value)}", span)
    if not is_runtime(list(given.values())):
        raise error("TN0303", f"`{callee.name}` is given no tensor", span)
    function = _elaborated(callee, settings, given, span, frame)
    tensors = [value for value in given.values() if isinstance(value, Value)]
    result = new_values(types_of(function.forward.result), span)
    return frame.emit(Node("autograd", callee.name, (function, *tensors), {}, result, span))


def call_autograd(callee: Callee, args: Arguments, span: Span, frame: Frame) -> Any:
    """`F(factor=2)` configures the function, `F(v)` and `F(factor=2)(v)` apply it."""
    if not is_runtime((args.positional, args.keywords)):
        return callee.bind(args)
    inputs = {each.name.text for each in inputs_of(callee.target.node)}
    keywords = {name: value for name, value in args.keywords.items() if name in inputs}
    settings = {name: value for name, value in args.keywords.items() if name not in inputs}
    configured = callee.bind(Arguments((), settings, args.spans, args.names))
    return apply_autograd(configured, args.positional, keywords, span, frame)


OTHER_FUNCTIONS["autograd"] = apply_autograd
OTHER_CALLS["autograd"] = call_autograd


def _elaborated(callee: Callee, settings: dict, given: dict, span: Span, frame: Frame) -> Autograd:
    node = callee.target.node
    if frame.net is None:
        raise error("TN0206", "a tensor operation cannot stand here", span)
    key = (id(node), freeze_settings(settings), freeze(types_of(list(given.values()))))
    if key not in frame.net.blocks:
        with entered(callee, span, frame):
            frame.net.blocks[key] = _elaborate(callee, settings, given, frame)
    return frame.net.blocks[key]


def _elaborate(callee: Callee, settings: dict, given: dict, frame: Frame) -> Autograd:
    declared: Declared = callee.target
    node: ast.Autograd = declared.node
    _check_names(node)
    own = {name: inner_value(value) for name, value in given.items()}
    tensors = {name: value for name, value in own.items() if isinstance(value, Value)}
    for name, value in tensors.items():
        value.name = name
    forward = Module("autograd", node.name.text, list(tensors.values()), config=dict(settings), span=node.span)
    forward.own_inputs = len(tensors)
    names = {**settings, **own}
    names.setdefault("x", next(iter(own.values())))
    inner = Frame(frame.work, declared.globals, frame.net, forward, names=names)
    results = _run(node.forward, inner)
    forward.result = _results(node, results)

    backward = Module("autograd", node.name.text, span=node.span)
    backward.inputs = [
        Value(name.text, each.type, name.span) for name, each in zip(node.gradients, results.values, strict=True)
    ]
    backward.own_inputs = len(backward.inputs)
    outer = BackwardFrame(frame.work, declared.globals, frame.net, backward, inner, given=own)
    outer.names = {value.name: value for value in backward.inputs}
    if "x" not in own:
        outer.names.setdefault("x", backward.inputs[0])
    backward.result = tuple(_gradients(node, own, _run(node.backward, outer), outer))
    doc = declared.globals.documentation.get(node.span.start, "")
    return Autograd(node.name.text, forward, backward, _saved(outer, forward), node.span, doc)


def _saved(frame: Frame, forward: Module) -> tuple[Value, ...]:
    """The values of `forward` that `backward` reads, in the order in which they come to be, as its inputs are then."""
    kept, backward = set(captured_values(frame)), frame.module
    defined = (*forward.inputs, *(value for node in walk(forward.nodes) for value in leaves(node.result)))
    saved = tuple(value for value in defined if value in kept)
    backward.inputs[backward.own_inputs :] = [frame.captured[value] for value in saved]
    return saved


def _check_names(node: ast.Autograd) -> None:
    """A name is a configuration, an input or a gradient, and that once."""
    seen: dict[str, Span] = {}
    for each in (*node.config, *(node.inputs or ()), *node.gradients):
        name = each.name if isinstance(each, ast.Formal) else each
        if name.text in seen:
            raise error("TN0202", f"`{name.text}` is given twice", name.span, Note("first here", seen[name.text]))
        seen[name.text] = name.span


def _run(body: ast.Body, frame: Frame) -> Result:
    """What a body returns, or its last `x`. Raises `Skip` if part of it failed, SpecError for what needs a module."""
    frame.reserved = frozenset(literal_labels(body.statements))
    try:
        run_statements(body.statements, frame)
        result = Result((frame.find("x"),), (body.span,))
    except Returned as returned:
        result = _returned(returned)
    if frame.failed or any(value is UNKNOWN for value in result.values):
        raise Skip
    if problems := list(_needs_module(frame.module)):
        raise SpecError(problems)
    return result


def _returned(returned: Returned) -> Result:
    spans = tuple(each.span for each in returned.node.values)
    if not isinstance(returned.value, tuple):
        return Result((returned.value,), spans)
    return Result(returned.value, spans if len(spans) > 1 else spans * len(returned.value))


def _needs_module(module: Module) -> Iterator[Diagnostic]:
    for node in walk(module.nodes):
        what, advice = NEEDS_MODULE.get(node.op, ("", None))
        if any(isinstance(each, MODES) for each in (*node.args, *node.kwargs.values())):
            what, advice = (
                f"`{node.target.rsplit('.', 1)[-1]}` asks for the mode; {NO_MODE}",
                "write `training=true` or false",
            )
        if what:
            yield from error("TN0206", what.format(node.target), node.span, help=advice).diagnostics


MODES = (TrainingFlag, TrainingChoice, DropoutProbability)


def _results(node: ast.Autograd, results: Result) -> Any:
    """The structure that `forward` gives: one tensor or a tuple of tensors."""
    for value, span in zip(results.values, results.spans, strict=True):
        if not isinstance(value, Value) or not isinstance(value.type, TensorType):
            what = f"`forward` of `{node.name.text}` gives {describe(value)}, not a tensor"
            raise error("TN0504", what, span)
    if len(results.values) != len(node.gradients):
        gives = f"`forward` gives {_counted(len(results.values), 'value')}"
        raise error(
            "TN0504", f"`backward` of `{node.name.text}` takes {_counted(len(node.gradients), 'gradient')}; {gives}",
            node.gradients[0].span.to(node.gradients[-1].span), Note("they are given here", results.spans[0]),
        )  # fmt: skip
    return results.values[0] if len(results.values) == 1 else results.values


def _gradients(node: ast.Autograd, given: dict, results: Result, frame: Frame) -> Iterator[Value | None]:
    """The gradients of the inputs that are tensors."""
    if len(results.values) != len(given):
        listed = ", ".join(f"`{name}`" for name in given)
        raise error(
            "TN0407",
            f"`backward` of `{node.name.text}` gives {_counted(len(results.values), 'gradient')}, for {listed}",
            results.spans[0].to(results.spans[-1]), help="give one for each input, `none` for one without a gradient",
        )  # fmt: skip
    for (name, value), gradient, span in zip(given.items(), results.values, results.spans, strict=True):
        _check_gradient(name, value, gradient, span, frame)
        if isinstance(value, Value):
            yield gradient


def _check_gradient(name: str, given: Any, gradient: Any, span: Span, frame: Frame) -> None:
    if gradient is None:
        return
    if not isinstance(gradient, Value) or not isinstance(gradient.type, TensorType):
        what = f"the gradient for `{name}` is {describe(gradient)}, not a tensor"
        raise error("TN0407", what, span, help="`none` says that there is no gradient")
    if not isinstance(given, Value) or not given.type.dtype.startswith(("float", "bfloat", "complex")):
        what = f"`{given.type}`" if isinstance(given, Value) else describe(given)
        better = "`none`" if isinstance(given, Value) else f"`none if {name} == none else …`"
        raise error("TN0407", f"`{name}` is {what} here and has no gradient", span, help=f"give {better}")
    expected, got = given.type.dims, gradient.type.dims
    fits = len(expected) == len(got) and all(
        one == other or same_where_it_runs(one, other, frame) for one, other in zip(expected, got, strict=True)
    )
    if not fits:
        notes = (Note("the gradient comes from here", gradient.span),) if gradient.span != span else ()
        raise error(
            "TN0407", f"the gradient for `{name}` is `{gradient.type}`, but `{name}` is `{given.type}`", span, *notes,
            help="sum over the dims that `forward` broadcasts over",
        )  # fmt: skip


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"
