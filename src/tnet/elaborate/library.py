"""Library names as compile-time values."""

from __future__ import annotations

import math
from typing import Any

from ..catalog.functions import find_function
from ..catalog.layers import find_layer
from ..catalog.models import find_model
from .callees import Callee
from .frames import MISSING

CONSTANTS = {"pi": math.pi, "inf": math.inf, "nan": math.nan}


def library_value(name: str) -> Any:
    """A layer or function of the libraries, or a constant, as a value; MISSING if there is none."""
    if name in CONSTANTS:
        return CONSTANTS[name]
    callee = library_callee(name, step=False)
    return MISSING if callee is None else callee


def library_callee(name: str, step: bool) -> Callee | None:
    """The layer, function or (in a step) tensor method of that name."""
    if model := find_model(name):
        return Callee("model", name, model)
    if layer := find_layer(name):
        return Callee("layer", name, layer)
    function = find_function(name, step)
    if isinstance(function, str):
        return Callee("method", name, function)
    return Callee("function", name, function) if function else None
