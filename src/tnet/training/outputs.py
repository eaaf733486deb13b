"""What a net returns: its outputs by number, by name, and the sizes of the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ..ir.graph import Net
from ..ir.types import TensorType


def outputs_of(outputs: Any) -> Sequence[Tensor]:
    """A net's outputs as a list, one or several."""
    if isinstance(outputs, Tensor):
        return [outputs]
    return list(outputs.values()) if isinstance(outputs, Mapping) else list(outputs)


def output_dims(net: Net) -> tuple[Any, ...]:
    """The sizes of the net's first output; none where it is no tensor."""
    kind = net.outputs[0][1]
    return kind.dims if isinstance(kind, TensorType) else ()


def output_names(net: Net) -> dict[str, int]:
    """The numbers of the outputs by the names that a loss may use; a single one is also `output`."""
    names = {name: number for number, (name, _) in enumerate(net.outputs) if name}
    return {**names, **({"output": 0} if len(net.outputs) == 1 else {})}
