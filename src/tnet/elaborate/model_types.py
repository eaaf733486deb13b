"""The types of what a model of a library gives: in both modes, or in one of them only."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..catalog.detectors import is_detector
from ..diagnostics import error
from ..ir.graph import Layer, Model, Value
from ..ir.types import TensorType
from ..shapes import Rejected, at_hints, infer
from ..shapes.partial import InTraining
from ..source import Span
from .apply import Inputs, layer_key
from .detectors import detector_types, feature_types
from .frames import Frame
from .inference import infer_types
from .misfits import misfit
from .mode_values import entries


def model_types(model: Model, inputs: Inputs, span: Span, name: str, frame: Frame) -> Any:
    """The types of a model's values. Raises SpecError where it does not take these inputs in one of the modes."""
    if is_detector(model.prototype):
        return detector_types(model, inputs, span, frame)
    if model.taps and hasattr(model.prototype, "backbone"):
        return feature_types(model, inputs, span, frame)
    types = infer_types(frame, model, layer_key(model), inputs.values, inputs.keywords, span, name)
    if not _asks_for_mode(model.prototype):
        return types
    within = Layer(model.path, (), InTraining(model.prototype))
    try:
        if _count(_in_training(within, model, inputs, name, span, frame)) == _count(types):
            return types
        key = ("training", model.key)
        found = entries(infer_types(frame, within, key, inputs.values, inputs.keywords, span, name), types)
    finally:
        model.prototype.eval()
    if found is None:
        raise error("TN0406", f"`{name}` gives other values in training than else", span)
    return found


def _asks_for_mode(model: nn.Module) -> bool:
    return "training" in type(model).forward.__code__.co_names


def _in_training(within: Layer, model: Model, inputs: Inputs, name: str, span: Span, frame: Frame) -> Any:
    """What a model gives in training, at the hints for symbolic sizes: numbers are quick."""
    values, keywords = _at_hints((inputs.values, inputs.keywords), frame)
    try:
        return infer(within, ("training", model.key), values, keywords, {}).structure
    except Rejected as rejected:
        why = Rejected(f"in training, {rejected}", rejected.raw, rejected.reworded)
        raise misfit(frame, model, name.rsplit(".", 1)[-1], why, inputs.values, inputs.keywords, span) from None


def _at_hints(structure: Any, frame: Frame) -> Any:
    """The types of values with the hints for symbolic sizes."""
    if isinstance(structure, Value) and isinstance(structure.type, TensorType):
        return TensorType(structure.type.dtype, tuple(at_hints(dim, frame.net.hints) for dim in structure.type.dims))
    if isinstance(structure, dict):
        return {key: _at_hints(each, frame) for key, each in structure.items()}
    return (
        type(structure)(_at_hints(each, frame) for each in structure)
        if isinstance(structure, (tuple, list))
        else structure
    )


def _count(types: Any) -> int:
    return len(types) if isinstance(types, (tuple, list, dict)) else 1
