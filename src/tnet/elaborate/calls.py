"""Calls in expressions: definitions, configured layers, compile-time functions, tensor functions and methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch.nn.init import calculate_gain

from ..catalog.functions import NAMESPACES, REFUSED, find_function, is_method, method_names
from ..catalog.models import PREFIX, find_model
from ..catalog.python import OwnClass, OwnFunction
from ..diagnostics import SpecError, counted, did_you_mean, error
from ..ir import values
from ..ir.graph import Value
from ..source import Span
from ..syntax import ast, dotted
from . import builtins
from .callees import Arguments, Callee, Declared, Skip, describe
from .deferred import DEFERRED_CALLS
from .evaluation import arguments, evaluate, evaluates, is_runtime
from .expressions import lookup
from .frames import MISSING, Frame
from .functions import apply_function, apply_method
from .operators import counted_items
from .suggestions import suggest

DEEPEST_CALL = 40
OPERATIONS_OF_CALL = 20


@evaluates(ast.Call)
def call(node: ast.Call, frame: Frame) -> Any:
    if isinstance(node.callee, ast.Attribute):
        return _method_or_namespace(node, node.callee, frame)
    if frame.section and isinstance(node.callee, ast.Var) and node.callee.name in DEFERRED_CALLS:
        return _deferred(node.callee.name, node, frame)
    try:
        args = arguments(node.args, frame)
    except Skip:
        if not frame.section:
            _check_callee(node, frame)
        raise
    if isinstance(node.callee, ast.Var):
        return _call_name(node.callee, args, node.span, frame)
    return call_value(evaluate(node.callee, frame), args, node.span, frame)


def _check_callee(node: ast.Call, frame: Frame) -> None:
    """That what is called means something, and is no layer given the flow, where the arguments are not known."""
    if isinstance(node.callee, ast.Var) and node.callee.name in {*builtins.NAMES, *REFUSED}:
        return
    value = evaluate(node.callee, frame)
    if isinstance(value, Callee) and value.kind in BUILT and any(_is_flow(arg) for arg in node.args):
        raise _applied(value, {number: arg.value.span for number, arg in enumerate(node.args)}, node.span)


def _is_flow(arg: ast.Arg) -> bool:
    return arg.name is None and isinstance(arg.value, ast.Var) and arg.value.name == "x"


BUILT = ("layer", "model", "block", "net")


def _applied(value: Callee, places: Mapping[str | int, Span], span: Span) -> SpecError:
    """The error for a layer that is called with tensors, as a module is in Python."""
    written, given = _parts(span, places)
    help = f"write `{given} -> {written}`"
    return error("TN0206", f"a {value.kind} is applied in a step, not called", span, help=help)


def _deferred(name: str, node: ast.Call, frame: Frame) -> values.Call:
    """A call whose arguments are read while training."""
    positional = tuple(values.Expression(arg.value, frame, arg.value.span) for arg in node.args if arg.name is None)
    keywords: dict[str, values.Expression] = {}
    for arg in node.args:
        if arg.name and arg.name.text in keywords:
            raise error("TN0202", f"`{arg.name.text}` is given twice", arg.name.span)
        if arg.name:
            keywords[arg.name.text] = values.Expression(arg.value, frame, arg.value.span)
    spans = {key: each.span for key, each in (*enumerate(positional), *keywords.items())}
    names = {arg.name.text: arg.name.span for arg in node.args if arg.name}
    return values.Call(name, positional, keywords, True, node.span, spans, names)


def _call_name(callee: ast.Var, args: Arguments, span: Span, frame: Frame) -> Any:
    name = callee.name
    bound = any(found is not MISSING for found in (frame.find_callee(name), frame.globals.find(name)))
    if not bound and builtins.computes_now(name, args):
        return counted_items(builtins.call_builtin(name, args, span), span, frame)
    if not bound and name in REFUSED:
        raise error("TN0206", f"`{name}` cannot be used in a spec: {REFUSED[name]}", callee.span)
    if not bound and frame.section:
        if name == "calculate_gain":
            return _gain(args, span)
        return values.Call(name, args.positional, args.keywords, True, span, args.spans, args.names)
    return call_value(lookup(name, callee.span, frame), args, span, frame)


def _gain(args: Arguments, span: Span) -> float:
    """torch.nn.init.calculate_gain."""
    try:
        return calculate_gain(*args.positional, **args.keywords)
    except (TypeError, ValueError) as problem:
        raise error("TN0301", f"`calculate_gain`: {problem}", span) from None


OTHER_CALLS: dict[str, Callable] = {}
"""What calls a function that is of no library, by its kind; entered where it is defined."""


def call_value(value: Any, args: Arguments, span: Span, frame: Frame) -> Any:
    """Call what is no plain name: a callee with arguments bound before, or nothing that can be called."""
    if not isinstance(value, Callee):
        raise error("TN0303", f"{describe(value)} cannot be called", span)
    if value.kind in OTHER_CALLS:
        return OTHER_CALLS[value.kind](value, args, span, frame)
    whole = value.bind(args)
    if value.kind == "def":
        return call_definition(whole, span, frame)
    if value.kind in BUILT:
        if is_runtime(args.positional):
            raise _applied(value, args.spans, span)
        return whole
    if value.kind == "class" and frame.module is not None:
        raise error("TN0206", f"the class `{value.name}` is no `nn.Module`; it cannot be used in a body", span)
    if frame.module is None and isinstance(value.target, OwnFunction | OwnClass):
        return whole  # a loss, say, with some of its arguments
    return apply_function(whole, (), {}, span, frame)


def _parts(span: Span, spans: Mapping[str | int, Span]) -> tuple[str, str]:
    """The text of what is called and of its arguments, `Conv2d(8, 3)` and `x` of `Conv2d(8, 3)(x)`."""
    places = sorted(spans.values(), key=lambda each: each.start)
    written = span.source.text[span.start : places[0].start].rstrip().removesuffix("(")
    given = places[0].to(places[-1]).text
    return written, given if len(places) == 1 else f"({given})"


def call_definition(callee: Callee, span: Span, frame: Frame) -> Any:
    """A `def`: its expression over its own arguments and its file's names, never the flow."""
    declared: Declared = callee.target
    _refuse_flow(callee, span)
    active = declared.globals.evaluating
    if len(active) > DEEPEST_CALL or callee.name in active:
        calls = [*active[active.index(callee.name) :], callee.name] if callee.name in active else []
        through = f": {' -> '.join(calls)}" if len(calls) > 2 else ""
        raise error("TN0503", f"`{callee.name}` calls itself{through}", span, help="a `def` is never recursive")
    frame.work.count_operation(span, OPERATIONS_OF_CALL)
    bound = bind_formals(declared.node.formals, callee.arguments, callee.name, span, declared.globals, frame)
    declared.globals.evaluating.append(callee.name)
    try:
        return evaluate(declared.node.value, Frame(frame.work, declared.globals, names=bound))
    finally:
        declared.globals.evaluating.pop()


def _refuse_flow(callee: Callee, span: Span) -> None:
    given = callee.arguments
    for key, value in (*enumerate(given.positional), *given.keywords.items()):
        if is_runtime(value):
            raise error(
                "TN0303", f"`{callee.name}` is computed before the model runs, but this is {describe(value)}",
                given.span(key, span), help=f"a `def` is never given a tensor; write `block {callee.name}(…)`",
            )  # fmt: skip


def inputs_of(node: ast.Block | ast.Autograd) -> tuple[ast.Formal, ...]:
    """The inputs of a declaration, `(x)` where none are written."""
    return node.inputs or (ast.Formal(node.name.span, ast.Name(node.name.span, "x"), None),)


def bind_formals(
    formals: tuple[ast.Formal, ...], args: Arguments, name: str, span: Span, home: Any, frame: Frame
) -> dict[str, Any]:
    """Arguments by the names of a `def`'s or a block's formals; defaults are read in the declaration's file."""
    names = [formal.name.text for formal in formals]
    if len(args.positional) > len(names):
        surplus = args.span(len(names), span)
        takes = counted(len(names), "argument")
        raise error("TN0301", f"`{name}` takes {takes}, got {len(args.positional)}", surplus)
    bound = dict(zip(names, args.positional, strict=False))
    for key, value in args.keywords.items():
        if key not in names:
            raise error(
                "TN0301", f"`{name}` has no argument `{key}`", args.name_span(key, span), help=did_you_mean(key, names)
            )
        if key in bound:
            raise error("TN0301", f"`{key}` of `{name}` is given twice", args.name_span(key, span))
        bound[key] = value
    for formal in formals:
        if formal.name.text in bound:
            continue
        if formal.default is None:
            raise error("TN0302", f"`{name}` needs `{formal.name.text}`", span)
        bound[formal.name.text] = evaluate(formal.default, Frame(frame.work, home, names=dict(bound)))
    return {each: bound[each] for each in names}


def _method_or_namespace(node: ast.Call, callee: ast.Attribute, frame: Frame) -> Any:
    try:
        if path := free_path(callee, frame):
            return _library_call(path, node, callee, frame)
        receiver = evaluate(callee.value, frame)
    except Skip:
        _check_method(callee.name.text, callee.name.span)
        raise
    args = arguments(node.args, frame)
    if not isinstance(receiver, Value):
        raise error("TN0206", f"{describe(receiver)} has no method `{callee.name.text}`", callee.name.span)
    return call_method(callee.name.text, callee.name.span, receiver, args, node.span, frame)


def free_path(node: ast.Attribute, frame: Frame) -> str | None:
    """`linalg.norm`, where `linalg` is no name of the spec."""
    path = dotted(node)
    root = path.split(".")[0] if path else ""
    bound = not path or any(found is not MISSING for found in (frame.find(root), frame.globals.find(root)))
    return None if bound or root in frame.labels else path


def _library_call(path: str, node: ast.Call, callee: ast.Attribute, frame: Frame) -> Any:
    if model := find_model(path):
        return Callee("model", path, model).bind(arguments(node.args, frame))
    function = find_function(path, step=False)
    if function is None:
        raise unknown_path(path, callee, frame)
    whole = Callee("function", path, function).bind(arguments(node.args, frame))
    return apply_function(whole, (), {}, node.span, frame)


def unknown_path(path: str, node: ast.Attribute, frame: Frame) -> Exception:
    """The error for a dotted name that is in no library."""
    namespace = path.split(".")[0]
    if path.startswith(PREFIX):
        return error("TN0203", f"torchvision has no model `{path}`", node.span, help=suggest(path, frame))
    if namespace in NAMESPACES or suggest(path, frame):
        return error("TN0201", f"`{path}` is not defined", node.span, help=suggest(path, frame))
    return error("TN0201", f"`{namespace}` is not defined", node.value.span, help=suggest(namespace, frame))


def call_method(name: str, name_span: Span, receiver: Value, args: Arguments, span: Span, frame: Frame) -> Any:
    """`x.view(…)`: an allowed method of a tensor."""
    _check_method(name, name_span)
    return apply_method(name, (receiver,), {}, args, span, frame)


def _check_method(name: str, name_span: Span) -> None:
    if not is_method(name):
        why = REFUSED.get(name)
        if name.endswith("_") and is_method(name.rstrip("_")):
            why = f"values never change in place; write `{name.rstrip('_')}`"
        message = f"tensors have no method `{name}`" + (f" in a spec: {why}" if why else "")
        raise error("TN0206", message, name_span, help=None if why else did_you_mean(name, method_names()))
