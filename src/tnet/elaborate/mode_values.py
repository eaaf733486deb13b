"""What a model gives in one mode only, as auxiliary classifiers are values of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ir.graph import Branch, Node, Value
from ..ir.types import OpaqueType, TensorType
from ..source import Span
from .frames import Frame

Place = tuple
"""Subscripts in what a model gives: `()` for all of it, `(0,)` for its first item."""


@dataclass(frozen=True)
class Entry:
    """A value that a model gives: its type, and its place in what the model gives in each mode, or None."""

    type: TensorType
    training: Place | None
    eval: Place | None

    @property
    def only(self) -> str:
        return "" if None not in (self.training, self.eval) else "eval" if self.training is None else "training"


def entries(training: Any, otherwise: Any) -> Any:
    """The values of a model that gives `training` while it trains and `otherwise` else, or None if they are unlike.

    Auxiliary values follow the one that is there in both modes.
    """
    if not isinstance(training, tuple) or not training or training[0] != otherwise:
        return None
    rest = (Entry(each, (number,), None) for number, each in enumerate(training[1:], 1))
    return (Entry(otherwise, (0,), ()), *rest)


def has_entries(structure: Any) -> bool:
    """Whether types are told by mode."""
    items = structure.values() if isinstance(structure, dict) else structure if isinstance(structure, tuple) else ()
    return any(isinstance(each, Entry) for each in items)


def emit_entries(structure: Any, apply: Node, frame: Frame) -> Any:
    """The nodes that apply a model and read its values; `apply` gives all of them in one value.

    A model all of whose values exist in eval mode only is not run in training.
    """
    found = structure.values() if isinstance(structure, dict) else structure
    whole = apply.result
    if all(each.only == "eval" for each in found):
        otherwise = Branch([apply], (whole,))
        whole = whole_value(apply.span)
        bodies = (_read(None, whole.type, whole, apply.span), otherwise)
        frame.emit(Node("conditional", "training", (), {}, (whole,), apply.span, bodies))
    else:
        frame.emit(apply)
    if isinstance(structure, dict):
        return {name: _entry(each, name, whole, apply.span, frame) for name, each in structure.items()}
    return tuple(_entry(each, "x", whole, apply.span, frame) for each in structure)


def _entry(entry: Entry, name: str, whole: Value, span: Span, frame: Frame) -> Value:
    """`whole[1] if training else none`"""
    value = Value(name, entry.type, span, only=entry.only)
    bodies = tuple(_read(place, entry.type, whole, span) for place in (entry.training, entry.eval))
    frame.emit(Node("conditional", "training", (), {}, (value,), span, bodies))
    return value


def _read(place: Place | None, kind: TensorType, whole: Value, span: Span) -> Branch:
    if place == ():
        return Branch([], (whole,))
    value = Value("x", kind, span)
    op, args = ("none", ()) if place is None else ("index", (whole, place))
    return Branch([Node(op, "", args, {}, value, span)], (value,))


def whole_value(span: Span, kind: str = "dict") -> Value:
    """All that a model gives, in one value."""
    return Value("outputs", OpaqueType(kind), span)
