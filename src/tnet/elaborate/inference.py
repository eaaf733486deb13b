"""Asking for shapes while elaborating, and reporting what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sympy import Integer

from ..diagnostics import error
from ..ir.graph import Layer, TrainingChoice, Value, leaves
from ..ir.types import ListType, OpaqueType, PackedType, TensorType
from ..shapes import Rejected, infer, is_own, rounds_of, simplify
from ..source import Span
from .data_sizes import named, relations_of_sizes
from .frames import Frame
from .limits import check_pieces, check_tensor
from .misfits import misfit
from .packed import not_packed, packed_types, padded


def infer_types(
    frame: Frame, call: Any, key: Any, args: tuple, kwargs: Mapping[str, Any], span: Span, name: str
) -> Any:
    """The types of an operation's result. What it needs of symbolic sizes is kept for the net.

    They may depend neither on the mode nor on the round of a loop kept for run time, where arguments do.
    """
    if frame.net is None:
        raise error("TN0206", "a tensor cannot be made here", span, help="tensors live in the body of a net or block")
    first = _infer(frame, call, key, in_mode(args, True), in_mode(kwargs, True), span, name)
    if not varies((args, kwargs)):
        return first
    second = _infer(frame, call, key, in_mode(args, False), in_mode(kwargs, False), span, name)
    if first != second:
        raise error("TN0406", f"the shape of `{span.text}` depends on what is known only when the model runs", span)
    return first


def _infer(frame: Frame, call: Any, key: Any, args: tuple, kwargs: Mapping[str, Any], span: Span, name: str) -> Any:
    for value in leaves((args, dict(kwargs))):
        if isinstance(value.type, PackedType) and not isinstance(call, Layer):
            raise not_packed(name, span)
        if isinstance(value.type, OpaqueType) and not isinstance(call, Layer):
            help = "`stack` or `cat` it first" if isinstance(value.type, ListType) else None
            raise error("TN0303", f"`{name}` takes tensors, not a `{value.type}`", span, help=help)
    check_pieces(name, args, span)
    try:
        plain = tuple(padded(each, call.prototype) for each in args) if isinstance(call, Layer) else args
        found = infer(call, key, plain, kwargs, frame.net.hints)
    except Rejected as rejected:
        raise misfit(frame, call, name.rsplit(".", 1)[-1], rejected, args, kwargs, span) from None
    short = name.rsplit(".", 1)[-1]
    frame.net.relations += relations_of_sizes(found.relations, short, span)
    for kind in tensors_in(found.structure):
        check_tensor(kind, name, span)
    if is_own(call) and not _all_tensors(found.structure):
        raise error("TN0303", f"`{short}` gives more than tensors", span, help="return tensors only")
    types = named(found, key[0] if isinstance(key, tuple) else key, args, frame)
    return packed_types(call, args, types, span) if isinstance(call, Layer) else types


def tensors_in(types: Any) -> Iterator[TensorType]:
    if isinstance(types, TensorType):
        yield types
    elif isinstance(types, (tuple, list)):
        for each in types:
            yield from tensors_in(each)
    elif isinstance(types, dict):
        yield from tensors_in(list(types.values()))


def _all_tensors(types: Any) -> bool:
    """Whether the user's own code gives what stays a tensor of the graph; anything else could change at each pass."""
    if isinstance(types, (tuple, list)):
        return all(map(_all_tensors, types))
    if isinstance(types, dict):
        return all(map(_all_tensors, types.values()))
    return types is None or isinstance(types, (TensorType, OpaqueType))


def in_mode(value: Any, training: bool) -> Any:
    """Arguments as they are in training, or else; the number of a round is 0, or else 1."""
    match value:
        case TrainingChoice(then, otherwise):
            return then if training else otherwise
        case tuple() | list():
            return type(value)(in_mode(each, training) for each in value)
        case dict():
            return {key: in_mode(each, training) for key, each in value.items()}
        case slice():
            return slice(*(in_mode(each, training) for each in (value.start, value.stop, value.step)))
    rounds = rounds_of(value)
    return simplify(value.xreplace(dict.fromkeys(rounds, Integer(not training)))) if rounds else value


def varies(value: Any) -> bool:
    """Whether arguments depend on the mode or on the round of a loop."""
    match value:
        case tuple() | list():
            return any(map(varies, value))
        case dict():
            return any(map(varies, value.values()))
        case slice():
            return varies((value.start, value.stop, value.step))
    return isinstance(value, TrainingChoice) or bool(rounds_of(value))


def new_values(types: Any, span: Span, name: str = "x") -> Any:
    """Fresh values for types, in the same structure; what is no tensor stays as it is."""
    if isinstance(types, (TensorType, OpaqueType)):
        return Value(name, types, span)
    if isinstance(types, (tuple, list)):
        return type(types)(new_values(each, span, name) for each in types)
    if isinstance(types, dict):
        return {key: new_values(each, span, key) for key, each in types.items()}
    return types


def types_of(structure: Any) -> Any:
    """The types in a structure of values."""
    if isinstance(structure, Value):
        return structure.type
    if isinstance(structure, (tuple, list)):
        return type(structure)(map(types_of, structure))
    if isinstance(structure, dict):
        return {key: types_of(item) for key, item in structure.items()}
    return structure
