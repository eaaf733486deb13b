"""Building modules: a block, a group or a net, each with a frame of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sympy

from ..diagnostics import Note, SpecError, error
from ..ir.graph import Module, Value, leaves, uses, walk
from ..shapes import freeze, is_symbolic, rounds_of
from ..source import Span
from ..syntax import ast
from .bodies import run_body
from .callees import UNKNOWN, Callee, Skip
from .frames import Active, Frame
from .inference import types_of
from .labels import has_labels
from .library import library_callee

DEEPEST_BLOCKS = 64


def inner_value(structure: Any) -> Any:
    """A module's own view of what it is given: fresh values of the same types."""
    if isinstance(structure, Value):
        return Value("x", structure.type, structure.span)
    if isinstance(structure, (tuple, list)):
        return type(structure)(map(inner_value, structure))
    if isinstance(structure, dict):
        return {key: inner_value(item) for key, item in structure.items()}
    return structure


def build_block(callee: Callee, settings: dict[str, Any], given: dict[str, Any], span: Span, frame: Frame) -> Module:
    """A block or net inside another; equal configuration and input types give one module, made once."""
    declared = callee.target
    key = (id(declared.node), freeze_settings(settings), freeze(types_of(list(given.values()))))
    if key not in frame.net.blocks:
        with entered(callee, span, frame):
            made = _block(callee, settings, given, frame)
        _refuse_unread(made, span)
        frame.net.blocks[key] = made
    return frame.net.blocks[key]


@contextmanager
def entered(callee: Callee, span: Span, frame: Frame) -> Iterator[None]:
    """While the body of a declaration, applied at `span`, is elaborated. Raises SpecError for one in itself, or in too
    many others.
    """
    key = id(callee.target.node)
    if key in frame.net.active:
        raise _contains_itself(callee, span, frame.net.active)
    if len(frame.net.active) > DEEPEST_BLOCKS:
        place = callee.target.node.name.span
        raise error("TN0901", f"blocks are nested more than {DEEPEST_BLOCKS} deep", place)
    frame.net.active[key] = Active(callee.name, span)
    try:
        yield
    finally:
        del frame.net.active[key]


def _contains_itself(callee: Callee, span: Span, active: dict[int, Active]) -> SpecError:
    """The error for a block that is applied, at `span`, within itself; its notes go round the circle."""
    circle = list(active.values())[list(active).index(id(callee.target.node)) :]
    steps = zip(circle, circle[1:], strict=False)
    notes = [Note(f"`{outer.name}` applies `{inner.name}`", inner.span) for outer, inner in steps]
    through = f": {' -> '.join([each.name for each in circle] + [callee.name])}" if notes else ""
    help = "end it: a block may apply only others, and `repeat` or `for` say how often"
    if library_callee(callee.name, step=True):
        help = f"the {callee.kind} hides the library's `{callee.name}`; give it another name"
    return error("TN0503", f"{callee.kind} `{callee.name}` contains itself{through}", span, *notes, help=help)


def freeze_settings(settings: dict[str, Any]) -> Any:
    return tuple((name, repr(value)) for name, value in settings.items())


def _block(callee: Callee, settings: dict[str, Any], given: dict[str, Any], frame: Frame) -> Module:
    node = callee.target.node
    own = {name: inner_value(structure) for name, structure in given.items()}
    for name, structure in own.items():
        if isinstance(structure, Value):
            structure.name = name
    module = Module("block", callee.name, list(leaves(own)), config=dict(settings), span=node.span)
    module.own_inputs = len(module.inputs)
    module.doc = callee.target.globals.documentation.get(node.span.start, "")
    names = {**settings, **own}
    if own:
        names.setdefault("x", next(iter(own.values())))
    inner = Frame(frame.work, callee.target.globals, frame.net, module, names=names)
    module.result = run_body(node.body, inner)
    _pass_on_failure(inner, frame)
    return module


def _pass_on_failure(inner: Frame, frame: Frame) -> None:
    """A body in which something is wrong makes that around it wrong; it still gives its value, if that is known."""
    frame.failed = frame.failed or inner.failed
    if inner.module.result is UNKNOWN:
        raise Skip(inner.module)


def build_group(
    kind: str, name: str, body: ast.Body, structure: Any, frame: Frame, names: dict[str, Any] | None = None
) -> tuple[Module, list[Value]]:
    """A group's module, and the values of the enclosing body that it reads."""
    own = inner_value(structure)
    module = Module(kind, name, list(leaves(own)), span=body.span)
    module.own_inputs = len(module.inputs)
    inner = Frame(
        frame.work, frame.globals, frame.net, module, frame,
        names={"x": own, **(names or {})}, numbered=not has_labels(body.statements),
    )  # fmt: skip
    module.result = run_body(body, inner)
    _pass_on_failure(inner, frame)
    return module, captured_values(inner)


def captured_values(inner: Frame) -> list[Value]:
    """The values of the enclosing body that a group's module takes.

    One whose shape alone was asked for is dropped, unless a size is to be had from nowhere else. A size that is asked
    for by its name alone comes from a tensor that has it.
    """
    for symbol in sorted(_unread(inner.module), key=str):
        if (holder := _holder(symbol, inner.parent)) is not None:
            inner.capture(holder)
    if inner.captured:
        read = {*leaves(inner.module.result), *(value for node in inner.module.nodes for value in uses(node))}
        for outer, own in list(inner.captured.items()):
            if own not in read and not _gives_a_size(own, inner.module):
                inner.module.inputs.remove(own)
                del inner.captured[outer]
    return list(inner.captured)


def _unread(module: Module) -> set[Any]:
    """The symbols in a module's arguments that no tensor before has as a size, nor a multiple or neighbour of them."""
    known = {size for each in module.inputs for size in _symbolic_sizes(each)}
    found: set[Any] = set()
    for node in module.nodes:
        asked = {size for size in _sizes_in((node.args, node.kwargs)) - known if not rounds_of(size)}
        for size in (each for each in asked if not any(_follows(each, other) for other in known)):
            found |= {each for each in size.free_symbols if not any(_follows(each, other) for other in known)}
        known |= {size for each in leaves(node.result) for size in _symbolic_sizes(each)}
    return found


def _follows(size: Any, known: Any) -> bool:
    """Whether a size can be computed from one that a tensor has."""
    if size.free_symbols != known.free_symbols:
        return False
    return sympy.cancel(size / known).is_Rational or (size - known).is_Integer


def _holder(symbol: Any, frame: Frame | None) -> Value | None:
    """A tensor of a body, or of one around it, that has a symbolic size."""
    if frame is None or frame.module is None:
        return None
    values = [*frame.module.inputs, *(value for node in frame.module.nodes for value in leaves(node.result))]
    found = next((each for each in values if symbol in _symbolic_sizes(each)), None)
    return found or frame.capture(_holder(symbol, frame.parent))


def _refuse_unread(module: Module, span: Span) -> None:
    """A block has its inputs alone to read sizes off."""
    for symbol in sorted(_unread(module), key=str):
        message = f"`{module.name}` computes with the size `{symbol}`, which none of its inputs has"
        help = "give it a tensor that has it, as a second input"
        raise error("TN0403", message, span, help=help)


def _gives_a_size(value: Value, module: Module) -> bool:
    others = {size for each in module.inputs if each is not value for size in _symbolic_sizes(each)}
    asked = {size for node in walk(module.nodes) for size in _sizes_in((node.args, node.kwargs))}
    needed = set().union(*(size.free_symbols for size in asked))
    return any(size.free_symbols & needed for size in _symbolic_sizes(value) if size not in others)


def _symbolic_sizes(value: Value) -> list[Any]:
    return [size for size in getattr(value.type, "dims", ()) if is_symbolic(size)]


def _sizes_in(argument: Any) -> set[Any]:
    match argument:
        case tuple() | list():
            return set().union(*map(_sizes_in, argument))
        case dict():
            return _sizes_in(list(argument.values()))
        case slice():
            return _sizes_in((argument.start, argument.stop, argument.step))
    return {argument} if is_symbolic(argument) else set()
