"""Types of packed sequences.

PyTorch infers no shapes for a `PackedSequence`, whose size is the sum of the lengths, so that its type here is the
tensor that it is padded to; a recurrent layer gives for it the shapes that it gives for that tensor.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import nn

from ..diagnostics import SpecError, error
from ..ir.graph import Layer, Value
from ..ir.types import PackedType, TensorType
from ..source import Span


def batch_first(type_: TensorType, already: bool) -> TensorType:
    """The type with batch and time in the other order, unless they are in the wanted one."""
    first, second, *rest = type_.dims
    return type_ if already else TensorType(type_.dtype, (second, first, *rest))


def padded(value: Any, layer: nn.Module | None = None) -> Any:
    """A value, or for a packed sequence one of the tensor it is padded to, in the order that a layer takes."""
    if not isinstance(value, Value) or not isinstance(value.type, PackedType):
        return value
    type_ = batch_first(value.type.padded, getattr(layer, "batch_first", True))
    return Value(value.name, type_, value.span)


def packed_types(layer: Layer, inputs: tuple[Any, ...], found: Any, span: Span) -> Any:
    """What a layer gives, from what it gives for padded inputs. Raises SpecError for one that takes none packed."""
    if not any(isinstance(each, Value) and isinstance(each.type, PackedType) for each in inputs):
        return found
    if not isinstance(layer.prototype, nn.RNNBase):
        raise not_packed(layer.class_name, span)
    output, states = found
    canonical = batch_first(output, layer.prototype.batch_first)
    return PackedType("PackedSequence", replace(canonical, strides=None)), states


def not_packed(name: str, span: Span) -> SpecError:
    """What all but recurrent layers say to a packed sequence, to be raised."""
    return error(
        "TN0303", f"`{name.rpartition('.')[2]}` takes a tensor, not a packed sequence", span,
        help="only recurrent layers do; pad it first: `y, _ = pad_packed_sequence(y, …)`",
    )  # fmt: skip
