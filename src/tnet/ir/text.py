"""Arguments and types as tnet writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .autograd import Autograd
from .graph import DeviceOf, DTypeRef, FunctionRef, LayerRef, TensorOf, TrainingChoice, TrainingFlag, Value
from .sizes import size
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
        case DeviceOf() | TensorOf() | TrainingFlag() | TrainingChoice() | DTypeRef() | Autograd():
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
    """What only the running model or torch knows, or is written elsewhere."""
    match value:
        case DTypeRef(name) | Autograd(name):
            return name
        case TensorOf(values):
            return text(list(values))
        case DeviceOf(tensor):
            return f"{text(tensor)}.device"
        case TrainingChoice(then, otherwise):
            return f"{text(then)} if training else {text(otherwise)}"
    return "training"


def shape(kind: Type) -> str:
    """The sizes of a tensor, `[N, 64, 56, 56]`; the class of what is no tensor."""
    return f"[{', '.join(map(size, kind.dims))}]" if isinstance(kind, TensorType) else kind.name


def arguments(args: tuple, kwargs: Mapping[str, Any], named: Callable[[Value], str]) -> str:
    """What stands between the parentheses of a call."""
    positional = [argument(each, named) for each in args]
    return ", ".join([*positional, *(f"{name}={argument(each, named)}" for name, each in kwargs.items())])
