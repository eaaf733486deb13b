"""`pack_padded_sequence` and `pad_packed_sequence`: sequences of several lengths for recurrent layers, and back."""

from __future__ import annotations

import inspect
from typing import Any

from ..catalog.functions import TensorFunction
from ..diagnostics import error
from ..ir.graph import Node, Value
from ..ir.types import PackedType, TensorType
from ..source import Span
from .callees import describe
from .frames import Frame
from .inference import new_values
from .packed import batch_first


def apply_packing(function: TensorFunction, args: tuple, kwargs: dict[str, Any], span: Span, frame: Frame) -> Any:
    """`pack_padded_sequence(x, lengths)` or `pad_packed_sequence(packed, total_length=T)`. Raises SpecError."""
    try:
        given = inspect.signature(function.call).bind(*args, **kwargs)
    except TypeError as problem:
        raise error("TN0301", f"`{function.name}`: {problem}", span) from None
    given.apply_defaults()
    return FUNCTIONS[function.name](function, given.arguments, args, kwargs, span, frame)


def _pack(function: TensorFunction, given: dict, args: tuple, kwargs: dict[str, Any], span: Span, frame: Frame) -> Any:
    padded, lengths = given["input"], given["lengths"]
    if not _is_tensor(padded, 2) or not _is_tensor(lengths, 1) or lengths.type.dtype != "int64":
        raise error(
            "TN0303", "`pack_padded_sequence` takes padded sequences and the `int[N]` of their lengths, not"
            f" {describe(padded)} and {describe(lengths)}", span,
        )  # fmt: skip
    # torch wants the lengths on the CPU, wherever the sequences are
    on_cpu = frame.emit(Node("method", "cpu", (lengths,), {}, new_values(lengths.type, span, lengths.name), span))
    args = tuple(on_cpu if each is lengths else each for each in args)
    kwargs = {name: on_cpu if each is lengths else each for name, each in kwargs.items()}
    type_ = PackedType("PackedSequence", batch_first(padded.type, given["batch_first"]))
    return frame.emit(Node("function", function.path, args, kwargs, new_values(type_, span), span))


def _pad(function: TensorFunction, given: dict, args: tuple, kwargs: dict[str, Any], span: Span, frame: Frame) -> Any:
    packed, length = given["sequence"], given["total_length"]
    if not isinstance(packed, Value) or not isinstance(packed.type, PackedType):
        raise error("TN0303", f"`pad_packed_sequence` takes a packed sequence, not {describe(packed)}", span)
    if length is None:
        raise error(
            "TN0302", "`pad_packed_sequence` needs `total_length`: the longest of a batch is not known before", span,
            help="write the length that was packed, such as `total_length=T`",
        )  # fmt: skip
    batch, _, *rest = packed.type.padded.dims
    whole = TensorType(packed.type.padded.dtype, (batch, length, *rest))
    types = (batch_first(whole, given["batch_first"]), TensorType("int64", (batch,)))
    return frame.emit(Node("function", function.path, args, kwargs, new_values(types, span), span))


FUNCTIONS = {"pack_padded_sequence": _pack, "pad_packed_sequence": _pad}


def _is_tensor(value: Any, least: int) -> bool:
    return isinstance(value, Value) and isinstance(value.type, TensorType) and len(value.type.dims) >= least
