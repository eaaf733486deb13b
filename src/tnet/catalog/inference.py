"""Which constructor arguments are read off the input, and from where: the table of inference.

A rule is the number of the dim that gives the size, and the number of the input that has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from .signatures import constructor_signature


@dataclass(frozen=True)
class InferredFrom:
    """The size of dim `dim` of the layer's input number `input`."""

    dim: int
    input: int = 0


CHANNELS = frozenset({"in_channels", "input_channels", "num_features", "num_channels"})
FEATURES = frozenset({"in_features", "input_size", "embed_dim", "d_model", "normalized_shape"})
OF_OTHER_INPUTS = {
    "in1_features": InferredFrom(-1, 0),
    "in2_features": InferredFrom(-1, 1),
    "kdim": InferredFrom(-1, 1),
    "vdim": InferredFrom(-1, 2),
}
COUNTED_FROM_THE_END = re.compile(r"(?:Conv|ConvTranspose|InstanceNorm)(\d)d$")
"""Layers that also take a single sample: their channels are dim -(n + 1)."""

EXCEPTIONS: dict[str, dict[str, InferredFrom]] = {"MLP": {"in_channels": InferredFrom(-1)}}
"""What introspection cannot see: torchvision.ops.MLP is a stack of linear layers, with the channels last."""


@cache
def inferred_arguments(cls: type) -> dict[str, InferredFrom]:
    """The arguments of a layer's constructor that come from its input, by name."""
    exceptions = EXCEPTIONS.get(cls.__name__, {})
    rules = ((name, exceptions.get(name) or _rule(cls, name)) for name in constructor_signature(cls).parameters)
    return {name: rule for name, rule in rules if rule}


def _rule(cls: type, name: str) -> InferredFrom | None:
    if name in CHANNELS:
        counted = COUNTED_FROM_THE_END.match(cls.__name__)
        return InferredFrom(-(int(counted[1]) + 1) if counted else 1)
    return InferredFrom(-1) if name in FEATURES else OF_OTHER_INPUTS.get(name)
