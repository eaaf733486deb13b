"""The error for an operation that PyTorch does not take: which sizes disagree, and where they came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..diagnostics import Note, SpecError, error
from ..ir import text
from ..ir.graph import Layer, LayerArgument, Value, leaves
from ..shapes import Rejected
from ..source import Span
from .disagreements import BuiltFor, Side, disagreement
from .frames import Frame
from .origins import called, origin, steps_before

MOST_OPERANDS = 4


def misfit(
    frame: Frame, call: Any, name: str, rejected: Rejected, args: tuple, kwargs: Mapping[str, Any], span: Span
) -> SpecError:
    """The error, to be raised; its notes show what arrived, the last steps and where two sizes that disagree are from.

    Where PyTorch blames an argument of a layer and no size, that argument is marked (TN0404).
    """
    found = disagreement(call, name, rejected.raw, args, dict(kwargs))
    if found is None and (blamed := _blamed(call, rejected)):
        message = f"`{call.class_name}` does not take `{blamed.name}={text.argument(blamed.value)}`: {rejected}"
        return error("TN0404", message, blamed.span)
    operands = list(dict.fromkeys(leaves((args, dict(kwargs)))))
    if isinstance(found, BuiltFor):
        here = f"dim {found.side.dim} of its input is {text.size(found.side.size)} here"
        why = f"it was built with `{found.name}={found.size}`, {here}"
        notes = [Note("it was built here", call.span), origin(found.side, frame)]
    elif found:
        why, notes = _in_words(*found, frame), [origin(side, frame) for side in found]
    else:
        why, notes = str(rejected), [_arrived(each, frame) for each in operands[:MOST_OPERANDS]]
    what = f"`{name}` does not fit its input" if name else "this index does not fit"
    return error("TN0401", f"{what}: {why}", span, *notes, *steps_before(operands, frame), help=_as_in_pytorch(call))


def _as_in_pytorch(call: Any) -> str | None:
    """What the arguments mean where a size that is read off the input seems to stand first, as PyTorch wants it."""
    if not isinstance(call, Layer):
        return None
    written = [each for each in call.arguments if each.span and not each.inferred]
    inferred = [each for each in call.arguments if each.inferred]
    if len(written) < 2 or not inferred or written[0].value != inferred[0].value:
        return None
    meant = ", ".join(f"{each.name}={text.argument(each.value)}" for each in written)
    return f"`{inferred[0].name}` is read off the input and not written; these are `{meant}`"


def _in_words(left: Side, right: Side, frame: Frame) -> str:
    names = called(left.value, frame), called(right.value, frame)
    if left.dim == right.dim:
        sizes = f"{text.size(left.size)} in `{names[0]}` and {text.size(right.size)} in `{names[1]}`"
        return f"dim {left.dim} is {sizes}"
    first, second = (
        f"dim {side.dim} of `{name}` is {text.size(side.size)}" for side, name in zip((left, right), names, strict=True)
    )
    return f"{first}, {second}"


def _arrived(value: Value, frame: Frame) -> Note:
    return Note(f"`{called(value, frame)}` is `{value.type}`", value.span)


def _blamed(call: Any, rejected: Rejected) -> LayerArgument | None:
    """The argument of a layer that PyTorch's own words name; a reason in the spec's words is about sizes."""
    if not isinstance(call, Layer) or rejected.reworded:
        return None
    given = (each for each in call.arguments if each.span)
    return next((each for each in given if re.search(rf"\b{each.name}\b", rejected.raw)), None)
