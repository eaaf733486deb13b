"""Arguments, sizes and types as tnet writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .graph import DeviceOf, DTypeRef, FunctionRef, LayerRef, TrainingChoice, TrainingFlag, Value
from .types import TensorType, Type

WORDS = {True: "true", False: "false", None: "none"}


def argument(value: Any, named: Callable[[Value], str] = lambda value: value.name) -> str:
    """An `Argument` or a compile-time value; `named` writes run-time values. Symbolic sizes print themselves."""

    def text(each: Any) -> str:
        return argument(each, named)

    match value:
        case True | False | None:
            return WORDS[value]
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        case Value():
            return named(value)
        case DeviceOf() | TrainingFlag() | TrainingChoice() | DTypeRef():
            return _known_later(value, text)
        case FunctionRef(path):
            return path.rpartition(".")[2]
        case LayerRef(path, bound):
            given = ", ".join(f"{name}={text(each)}" for name, each in bound)
            return path.rpartition(".")[2] + (f"({given})" if given else "")
        case slice(start=start, stop=stop, step=step):
            ends = [start, stop] if step is None else [start, stop, step]
            return ":".join("" if end is None else text(end) for end in ends)
        case tuple():
            return f"({', '.join(map(text, value))}{',' if len(value) == 1 else ''})"
        case list():
            return f"[{', '.join(map(text, value))}]"
        case Mapping():
            return f"{{{', '.join(f'{text(key)}: {text(each)}' for key, each in value.items())}}}"
    return "..." if value is Ellipsis else size(value)


def _known_later(value: Any, text: Callable[[Any], str]) -> str:
    """What only the running model or torch knows."""
    match value:
        case DTypeRef(name):
            return name
        case DeviceOf(tensor):
            return f"{text(tensor)}.device"
        case TrainingChoice(then, otherwise):
            return f"{text(then)} if training else {text(otherwise)}"
    return "training"


def size(value: Any) -> str:
    """A number, or a symbolic size as the language writes it: `H // 4 + 1`."""
    return _infix(value, 0) if hasattr(value, "free_symbols") else repr(value)


def shape(kind: Type) -> str:
    """The sizes of a tensor, `[N, 64, 56, 56]`; the class of what is no tensor."""
    return f"[{', '.join(map(size, kind.dims))}]" if isinstance(kind, TensorType) else kind.name


SUM, PRODUCT, ATOM = 1, 2, 3
OPERATORS = {"FloorDiv": "//", "CleanDiv": "//", "Mod": "%", "PythonMod": "%"}
RELATIONS = {"Equality": "==", "Unequality": "!=", "LessThan": "<=", "StrictLessThan": "<", "GreaterThan": ">=",
             "StrictGreaterThan": ">"}  # fmt: skip


def _infix(it: Any, above: int) -> str:
    """A sympy expression with the operators of the language, in parentheses where `above` binds tighter."""
    kind = type(it).__name__
    if kind in RELATIONS:
        return f"{_infix(it.lhs, 0)} {RELATIONS[kind]} {_infix(it.rhs, 0)}"
    if it.is_Add:
        terms = sorted(it.args, key=lambda term: (term.could_extract_minus_sign(), bool(term.is_number), str(term)))
        text, level = " + ".join(_infix(term, SUM) for term in terms).replace("+ -", "- "), SUM
    elif it.is_Mul:
        text, level = _product(it), PRODUCT
    elif kind in OPERATORS:
        text, level = f"{_infix(it.args[0], PRODUCT)} {OPERATORS[kind]} {_infix(it.args[1], ATOM)}", PRODUCT
    else:
        return str(it)
    return f"({text})" if level < above or (level == above == PRODUCT and kind in OPERATORS) else text


def _product(it: Any) -> str:
    if it.could_extract_minus_sign():
        return f"-{_infix(-it, PRODUCT)}"
    numerator, denominator = it.as_numer_denom()
    factors = " * ".join(_infix(factor, PRODUCT) for factor in numerator.as_ordered_factors())
    return factors if denominator == 1 else f"{factors} / {_infix(denominator, ATOM)}"


def arguments(args: tuple, kwargs: Mapping[str, Any], named: Callable[[Value], str]) -> str:
    """What stands between the parentheses of a call."""
    positional = [argument(each, named) for each in args]
    return ", ".join([*positional, *(f"{name}={argument(each, named)}" for name, each in kwargs.items())])
