"""The error for an operation that PyTorch does not take: which sizes disagree, and where they came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..diagnostics import Note, SpecError, error
from ..ir import text
from ..ir.graph import Layer, LayerArgument, Value, leaves
from ..ir.types import TensorType
from ..shapes import Rejected
from ..source import Span
from .disagreements import BuiltFor, Side, disagreement
from .frames import Frame
from .origins import called, origin, shortened, steps_before

MOST_OPERANDS = 4


def misfit(
    frame: Frame, call: Any, name: str, rejected: Rejected, args: tuple, kwargs: Mapping[str, Any], span: Span
) -> SpecError:
    """The error, to be raised; its notes show what arrived, the last steps and where two sizes that disagree are from.

    Where PyTorch blames an argument of a layer and no size, that argument is marked (TN0404).
    """
    found = disagreement(call, name, rejected.raw, args, dict(kwargs))
    if found is None and (blamed := _blamed(call, rejected)):
        argument, why = blamed
        message = f"`{call.class_name}` does not take `{argument.name}={text.argument(argument.value)}`: {why}"
        return error("TN0404", message, argument.span)
    operands = list(dict.fromkeys(leaves((args, dict(kwargs)))))
    if isinstance(found, BuiltFor):
        here = f"dim {found.side.dim} of its input is {text.size(found.side.size)} here"
        why = f"it was built with `{found.name}={found.size}`, {here}"
        notes = [Note("it was built here", call.span), origin(found.side, frame)]
    elif found:
        why, notes = _in_words(*found, frame), [origin(side, frame) for side in found]
    else:
        why = _wrong_dims(call, operands) or str(rejected)
        notes = [_arrived(each, frame) for each in operands[:MOST_OPERANDS]]
    what = f"`{name}` does not fit its input" if name else "this index does not fit"
    help = _as_in_pytorch(call) or _to_mend(call, rejected.raw, span)
    if help is None and found is None:
        help = _earlier_as_in_pytorch(frame, call)
    return error("TN0401", f"{what}: {why}", span, *notes, *steps_before(operands, frame), help=help)


def _as_in_pytorch(call: Any, least: int = 2) -> str | None:
    """What the arguments mean where a size that is read off the input seems to stand first, as PyTorch wants it.

    At least so many arguments are written without a name.
    """
    if not isinstance(call, Layer):
        return None
    written = [each for each in call.arguments if each.positional and not each.inferred]
    inferred = [each for each in call.arguments if each.inferred]
    if len(written) < least or not inferred or written[0].value != inferred[0].value:
        return None
    meant = ", ".join(f"{each.name}={text.argument(each.value)}" for each in written)
    return read_off([inferred[0].name], meant)


def read_off(inferred: Iterable[str], meant: str) -> str:
    """The help for a size that is written although it is read off the input, so that the others mean something else."""
    names = ", ".join(f"`{each}`" for each in inferred)
    return f"{names} is read off the input and not written; these are `{meant}`"


def _earlier_as_in_pytorch(frame: Frame, call: Any) -> str | None:
    """The same of a layer before, whose steps and kernel are then not what was meant either."""
    for each in frame.module.children.values() if frame.module and isinstance(call, Layer) else ():
        if found := _as_in_pytorch(each, least=3):
            return f"in line {each.span.line} {found}"
    return None


def _wrong_dims(call: Any, operands: list[Value]) -> str | None:
    """That a layer for so many spatial dims (`MaxPool2d`) gets another number of dims, which PyTorch says by a dim that
    is not there."""
    spatial = _spatial_dims(call)
    kind = operands[0].type if operands else None
    if spatial is None or not isinstance(kind, TensorType) or len(kind.dims) in (spatial + 1, spatial + 2):
        return None
    return f"it takes {spatial + 2} dims, or {spatial + 1} without a batch, the input has {len(kind.dims)}"


def _spatial_dims(call: Any) -> int | None:
    named = re.search(r"(\d)d$", call.class_name) if isinstance(call, Layer) else None
    return int(named[1]) if named else None


HELPS = [
    ("argument #1 'indices'", "give the net whole numbers: `ids: int[N, T]`"),
    (r"missing \d+ required positional argument", "several inputs stand in parentheses: `(q, k, v) -> {step}`"),
]
"""What to write, by a pattern of PyTorch's reason; `step` is the text of the layer."""


def _to_mend(call: Any, reason: str, span: Span) -> str | None:
    found = (help for pattern, help in HELPS if re.search(pattern, reason)) if isinstance(call, Layer) else ()
    return next((help.format(step=shortened(span.text)) for help in found), None)


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


PER_DIM = frozenset({"kernel_size", "stride", "dilation", "output_size", "output_padding"})
"""Arguments that are a number, or one for each spatial dim."""


def _blamed(call: Any, rejected: Rejected) -> tuple[LayerArgument, str] | None:
    """The argument of a layer that has too many or few values, or that PyTorch's own words name, and why; a reason in
    the spec's words is about sizes."""
    if not isinstance(call, Layer) or rejected.reworded:
        return None
    given = [each for each in call.arguments if each.span]
    spatial = _spatial_dims(call)
    for each in given:
        count = len(each.value) if isinstance(each.value, (tuple, list)) else 1
        if each.name in PER_DIM and spatial and count not in (1, spatial):
            return each, f"it has {count} values for {spatial} dims"
    named = next((each for each in given if re.search(rf"\b{each.name}\b", rejected.raw)), None)
    return named and (named, str(rejected))
