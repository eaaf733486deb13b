"""Arguments of library calls, checked by the signature of what they call: names, counts and types of values."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..diagnostics import Diagnostic, SpecError, counted, did_you_mean
from ..ir.values import Call, Combined, Duration, Expression, Stages
from ..source import Span


class Mismatch(Exception):
    """A value of the wrong type; the text says what was expected, `help` what to write."""

    def __init__(self, message: str = "", help: str | None = None):
        super().__init__(message)
        self.help = help


@cache
def parameters(function: Callable) -> dict[str, inspect.Parameter]:
    """The parameters of a function or constructor by name, with their types as annotations."""
    body = function.__init__ if inspect.isclass(function) else function
    names = {name: getattr(collections.abc, name) for name in ("Callable", "Iterable", "Sequence")}
    hints = typing.get_type_hints(body, localns=names)
    found = list(inspect.signature(body).parameters.values())[1 if inspect.isclass(function) else 0 :]
    return {each.name: each.replace(annotation=hints.get(each.name, Any)) for each in found}


def bind(
    call: Call, allowed: Mapping[str, inspect.Parameter], code: str, span: Span | None
) -> tuple[dict[str, Any], dict[str, Span | None]]:
    """The arguments of `call` by name, converted to the types of the signature, and their places.

    Raises SpecError with all that is wrong: surplus, unknown or repeated names, wrong types, missing ones.
    """
    positional = [each.name for each in allowed.values() if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    named = [(positional[i] if i < len(positional) else i, value, i) for i, value in enumerate(call.args)]
    named += [(name, value, name) for name, value in call.kwargs.items()]
    bound: dict[str, Any] = {}
    spans: dict[str, Span | None] = {}
    wrong: list[Diagnostic] = []
    for name, value, key in named:
        place = call.spans.get(key, span)
        try:
            if name in bound:
                raise Mismatch(f"`{name}` of `{call.name}` is given twice")
            bound[name], spans[name] = _argument(call.name, name, value, allowed, len(positional)), place
        except Mismatch as fault:
            unknown = isinstance(name, str) and name not in allowed
            at = call.names.get(name, place) if unknown else place
            wrong.append(Diagnostic(code, "error", str(fault), at, help=fault.help))
    missing = [name for name, each in allowed.items() if each.default is inspect.Parameter.empty and name not in bound]
    if missing and not wrong:
        wrong += [Diagnostic(code, "error", f"`{call.name}` needs `{name}`", span) for name in missing]
    if wrong:
        raise SpecError(wrong)
    return bound, spans


def _argument(callee: str, name: str | int, value: Any, allowed: Mapping[str, inspect.Parameter], most: int) -> Any:
    if isinstance(name, int):
        raise Mismatch(f"`{callee}` takes at most {counted(most, 'argument')} without a name")
    if name not in allowed:
        listed = ", ".join(f"`{each}`" for each in allowed)
        raise Mismatch(f"`{callee}` has no argument `{name}`", did_you_mean(name, allowed) or f"it takes {listed}")
    hint = allowed[name].annotation
    try:
        return convert(hint, value)
    except Mismatch as expected:
        help = _as_times(value) if "duration" in str(expected) else None
        raise Mismatch(f"`{name}` of `{callee}` is {expected}, found {show(value)}", help) from None


def _as_times(value: Any) -> str | None:
    """How numbers that stand for times are written."""
    if isinstance(value, list) and all(map(_as_times, value)):
        return f"write `[{', '.join(str(Duration(item, 'epochs')) for item in value)}]`"
    if type(value) not in (int, float):
        return None
    return f"write `{Duration(value, 'epochs')}` or `{Duration(value, 'steps')}`"


def convert(hint: Any, value: Any) -> Any:
    """`value` as the type `hint`: whole numbers become floats and lists tuples where the type says so.

    Raises `Mismatch` with the expected type in words.
    """
    members = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    for member in sorted(members, key=lambda each: each is not type(value)):
        try:
            return _convert_one(member, value)
        except Mismatch:
            continue
    raise Mismatch(words(hint))


def _convert_one(hint: Any, value: Any) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in (Any, object, inspect.Parameter.empty):
        return value
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool) and value == value:
        return float(value)
    if hint in (int, bool, str, Duration, Expression, type(None)) and type(value) is hint:
        return value
    if origin is typing.Literal and value in inner:
        return value
    if origin is tuple and isinstance(value, (list, tuple)) and len(value) == len(inner):
        return tuple(convert(each, item) for each, item in zip(inner, value, strict=True))
    if origin in (list, collections.abc.Iterable) and isinstance(value, (list, tuple)):
        return [convert(inner[0], item) for item in value]
    raise Mismatch


WORDS = {
    float: "a number", int: "a whole number", bool: "`true` or `false`", str: "text", Duration: "a duration",
    Expression: "an expression",
}  # fmt: skip


def words(hint: Any) -> str:
    """A type in words, as far as a spec can write it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        known = [words(each) for each in inner if each is not type(None)]
        return " or ".join(dict.fromkeys(each for each in known if each != "nothing that a spec can write"))
    if origin is typing.Literal:
        return "one of " + ", ".join(map(show, inner))
    if origin is tuple:
        return f"a list of {len(inner)} numbers"
    if origin in (list, collections.abc.Iterable):
        return f"a list of {words(inner[0]).removeprefix('a ')}s"
    return WORDS.get(hint, "nothing that a spec can write")


def show(value: Any) -> str:
    """A value as a spec writes it."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case float():
            return repr(value).removesuffix(".0")
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list() | tuple():
            return f"[{', '.join(map(show, value))}]"
        case dict():
            return "{" + ", ".join(f"{show(key)}: {show(item)}" for key, item in value.items()) + "}"
        case Call():
            given = [*map(show, value.args), *(f"{key}={show(item)}" for key, item in value.kwargs.items())]
            return f"{value.name}({', '.join(given)})" if value.called else value.name
        case Combined():
            return f" {value.op} ".join(map(show, value.parts))
        case Expression():
            return value.span.text
        case Stages():
            times = [f" for {each.duration}" if each.duration else "" for each in value.stages]
            return " -> ".join(show(each.value) + time for each, time in zip(value.stages, times, strict=True))
    return str(value)


def lowered(text: str) -> str:
    """A message of PyTorch in the style of diagnostics."""
    word = text.partition(" ")[0]
    return (text if any(map(str.isupper, word[1:])) else text[:1].lower() + text[1:]).rstrip(".")
