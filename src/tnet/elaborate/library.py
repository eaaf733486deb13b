"""Library names as compile-time values, and suggestions over everything that can stand at a place."""

from __future__ import annotations

import math
from typing import Any

from ..catalog.functions import NAMESPACES, find_function, function_names
from ..catalog.layers import find_layer, layer_names
from ..diagnostics import did_you_mean
from ..ir.graph import Value
from .callees import Callee
from .frames import MISSING, Frame

CONSTANTS = {"pi": math.pi, "inf": math.inf, "nan": math.nan}

PYTHON_WORDS = {
    "True": "write `true`",
    "False": "write `false`",
    "None": "write `none`",
    "self": "submodules are labels here: `conv1: Conv2d(…)`, applied again by `conv1`",
}


def library_value(name: str) -> Any:
    """A layer or function of the libraries, or a constant, as a value; MISSING if there is none."""
    if name in CONSTANTS:
        return CONSTANTS[name]
    callee = library_callee(name, step=False)
    return MISSING if callee is None else callee


def library_callee(name: str, step: bool) -> Callee | None:
    """The layer, function or (in a step) tensor method of that name."""
    if layer := find_layer(name):
        return Callee("layer", name, layer)
    function = find_function(name, step)
    if isinstance(function, str):
        return Callee("method", name, function)
    return Callee("function", name, function) if function else None


def suggest(name: str, frame: Frame) -> str | None:
    """What may have been meant by an unknown name."""
    if name in PYTHON_WORDS:
        return PYTHON_WORDS[name]
    if "." in name:
        return _suggest_dotted(name, frame)
    names: set[str] = {*frame.globals.declarations, *layer_names(), *function_names(), *CONSTANTS}
    around: Frame | None = frame
    while around is not None:
        names.update(around.names, around.labels)
        around = around.parent
    return did_you_mean(name, sorted(names))


def _suggest_dotted(name: str, frame: Frame) -> str | None:
    prefix, _, rest = name.rpartition(".")
    if prefix in ("nn", "torch.nn", "torch", "F", "torch.nn.functional", "torchvision.ops", "ops"):
        return f"names are written without their module: `{rest}`"
    if prefix in NAMESPACES:
        from ..catalog.functions import namespace_table

        return did_you_mean(rest, namespace_table(prefix))
    if prefix == "self":
        return f"write `{rest}`"
    if isinstance(frame.names.get(prefix), Value):
        return f"write `{rest}`" if prefix == "x" else f"write `{prefix} -> {rest}`, or `x = {name}(…)`"
    return None
