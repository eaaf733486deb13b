"""Calls of library classes and functions, checked against the signature before anything is called."""

from __future__ import annotations

import enum
import inspect
import numbers
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from ..diagnostics import counted, did_you_mean, error
from ..ir.graph import DTypeRef
from ..ir.values import Call, Duration
from ..source import Span

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@cache
def signature(target: Callable, hidden: frozenset[str] = frozenset()) -> inspect.Signature:
    """The signature of a class or function, annotations evaluated where they can be, without the `hidden` names."""
    try:
        found = inspect.signature(target, eval_str=True)
    except NameError:
        found = inspect.signature(target)
    return found.replace(parameters=[each for each in found.parameters.values() if each.name not in hidden])


def bind(call: Call, expected: inspect.Signature) -> dict[str, Any]:
    """The arguments of a call by name, defaults left out, each of a type that its parameter takes.

    Raises SpecError (TN0301 a wrong argument, TN0302 a missing one, TN0303 a wrong type).
    """
    parameters = expected.parameters
    positional = [each.name for each in parameters.values() if each.kind in POSITIONAL]
    if len(call.args) > len(positional):
        takes = counted(len(positional), "argument") if positional else "no arguments"
        span = call.spans.get(len(positional), call.span)
        raise error("TN0301", f"`{call.name}` takes {takes}, {len(call.args)} are given", span)
    arguments = dict(zip(positional, call.args, strict=False))
    takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())
    for name, value in call.kwargs.items():
        if name not in parameters and not takes_any:
            raise _unknown(call, name, [each for each in parameters if each != "self"])
        if name in arguments:
            raise error("TN0301", f"`{name}` of `{call.name}` is given twice", call.spans.get(name, call.span))
        arguments[name] = value
    for name, parameter in parameters.items():
        required = parameter.default is parameter.empty and parameter.kind in (*POSITIONAL, parameter.KEYWORD_ONLY)
        if required and name not in arguments:
            raise error("TN0302", f"`{call.name}` needs `{name}`", call.span)
    return {name: _fitting(call, name, value, parameters.get(name)) for name, value in arguments.items()}


def argument_span(call: Call, name: str, expected: inspect.Signature) -> Span | None:
    """Where an argument stands, given by keyword or by position."""
    if name in call.spans:
        return call.spans[name]
    names = list(expected.parameters)
    return call.spans.get(names.index(name), call.span) if name in names else call.span


def _unknown(call: Call, name: str, known: Sequence[str]):
    span = call.names.get(name) or call.spans.get(name, call.span)
    advice = did_you_mean(name, known) or (f"it takes {', '.join(f'`{each}`' for each in known)}" if known else None)
    return error("TN0301", f"`{call.name}` has no argument `{name}`", span, help=advice)


def _fitting(call: Call, name: str, value: Any, parameter: inspect.Parameter | None) -> Any:
    """The value as the parameter wants it: a name of an enum as its member, a dtype as torch's."""
    if parameter is None or parameter.kind is parameter.VAR_KEYWORD:
        return value
    if isinstance(value, DTypeRef):
        import torch

        return getattr(torch, value.name)
    kinds = _alternatives(parameter.annotation)
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, enum.Enum) and isinstance(value, str):
            return _member(call, name, value, kind, parameter)
    if not any(_fits(value, kind) for kind in kinds):
        wanted = " or ".join(dict.fromkeys(map(_described, kinds)))
        span = argument_span(call, name, inspect.Signature([parameter])) if name in call.spans else None
        message = f"`{name}` of `{call.name}` takes {wanted}, not {described_value(value)}"
        raise error("TN0303", message, span or _positional_span(call, value))
    return value


def _positional_span(call: Call, value: Any) -> Span | None:
    return next((call.spans.get(i) for i, each in enumerate(call.args) if each is value), call.span)


def _member(call: Call, name: str, value: str, kind: type[enum.Enum], parameter: inspect.Parameter) -> enum.Enum:
    values = [each.value for each in kind if isinstance(each.value, str)]
    if value not in values:
        advice = did_you_mean(value, values) or f"it takes {', '.join(values)}"
        message = f'`{name}` of `{call.name}` has no value "{value}"'
        raise error("TN0304", message, call.spans.get(name, call.span), help=advice)
    return kind(value)


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return tuple(part for each in typing.get_args(annotation) for part in _alternatives(each))
    return (annotation,)


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value may be given where `kind` is asked for; kinds that say too little take anything."""
    origin = typing.get_origin(kind) or kind
    if origin is typing.Literal:
        return value in typing.get_args(kind)
    match origin:
        case None | types.NoneType:
            return value is None
        case t if t is bool:
            return isinstance(value, bool)
        case t if t is int:
            return isinstance(value, int) and not isinstance(value, bool)
        case t if t is str:
            return isinstance(value, str)
        case type() if origin is float or issubclass(origin, numbers.Number):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case type() if issubclass(origin, Sequence):
            return isinstance(value, list | tuple)
        case type() if issubclass(origin, Mapping):
            return isinstance(value, Mapping)
    if origin is typing.Callable or origin is Callable:
        return False
    if origin is Duration:
        return isinstance(value, Duration)
    return not isinstance(value, str) or not _is_tensor(origin)


def _is_tensor(kind: Any) -> bool:
    return isinstance(kind, type) and kind.__name__ == "Tensor"


def _described(kind: Any) -> str:
    origin = typing.get_origin(kind) or kind
    if origin is typing.Literal:
        return " or ".join(f'"{each}"' if isinstance(each, str) else str(each) for each in typing.get_args(kind))
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str or _is_tensor(origin):
        return "a list"
    names = {
        int: "a whole number",
        float: "a number",
        numbers.Number: "a number",
        bool: "true or false",
        str: "text",
        types.NoneType: "none",
        Duration: "a duration",
    }
    return names.get(origin, getattr(origin, "__name__", str(origin)))


def described_value(value: Any) -> str:
    """A value as a message names it."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case str():
            return f'the text "{value}"'
        case int() | float():
            return f"{value}"
        case list() | tuple():
            return "a list"
        case Call():
            return f"`{value.name}`"
        case Mapping():
            return "a map"
    return str(value)
