"""`models.NAME(…) { … } at …`: a model of torchvision, with submodules replaced and values taken from inside."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from torch import nn

from ..catalog.detectors import BACKBONE, is_detector
from ..catalog.models import ModelBuilder, Prototype, prototype
from ..diagnostics import SpecError, did_you_mean, error
from ..ir.graph import FunctionRef, LayerArgument, LayerRef, Model
from ..shapes import freeze
from ..source import Span
from ..syntax import ast
from .apply import LAYER_TYPES, Inputs, check_inputs, emit_apply, layer_types, register, taken
from .callees import Callee, describe
from .evaluation import compile_time
from .frames import Frame
from .layers import check_memory, check_value
from .model_types import model_types
from .prototypes import materialise
from .steps import WITH_SURGERY
from .surgery import Draft, operate

_bases: dict[Any, Prototype] = {}
_operated: dict[Any, nn.Module] = {}


def apply_model(
    callee: Callee, action: ast.Apply, label: str | None, inputs: Inputs, step: ast.Step, frame: Frame
) -> Any:
    """Build a model for these inputs, register it and apply it. A model of several values gives a map or a tuple."""
    check_inputs(callee.name, inputs, action.span)
    model = build_model(callee, action, inputs, frame)
    types = layer_types(model, inputs, action.span, callee.name, frame)
    name = register(model, label, step, callee.target.registered, frame)
    return taken(model, emit_apply(name, inputs.values, inputs.keywords, types, action.span, frame))


def build_model(callee: Callee, action: ast.Apply, inputs: Inputs, frame: Frame) -> Model:
    """The model for these inputs. Raises SpecError for arguments, weights, paths that it does not have."""
    builder: ModelBuilder = callee.target
    place = action.callee.span
    arguments = _arguments(callee, place)
    key, base = _base(builder, arguments, callee, place)
    draft = Draft(builder.name, base.model, (builder.path, *key))
    if action.surgery is not None:
        draft = replace(draft, model=copy.deepcopy(base.model))
        operate(draft, action.surgery, inputs, frame)
    taps = _taps(action.taps, draft, frame) if action.taps is not None else ()
    model = Model(builder.path, arguments, None, action.span, draft.replaced, taps, key=(draft.key, taps))
    if model.key not in _operated:
        _operated[model.key] = _tapped(draft, taps, action) if taps else draft.model
    model.prototype = _operated[model.key]
    held = {name for name, _ in (*model.prototype.named_parameters(), *model.prototype.named_buffers())}
    model.pretrained = frozenset(name for name in base.pretrained & held if model.above(name) is None)
    check_memory(model, frame, action.span)
    return model


# ---- arguments -------------------------------------------------------------------------------------------------------


def _arguments(callee: Callee, span: Span) -> tuple[LayerArgument, ...]:
    """The arguments, all by name; weights that are not named are none."""
    builder, given = callee.target, callee.arguments
    if given.positional:
        place = given.span(0, span)
        raise error("TN0301", f"arguments of `{builder.name}` are given by name", place, help='such as `weights="…"`')
    for name, value in given.keywords.items():
        place = given.span(name, span)
        if name == "quantize" and value is True:
            raise error(
                "TN0206", "a model quantized to integers cannot be trained, and a spec's net can", place,
                help="leave `quantize` out, and quantize the trained net with `torch.ao.quantization`",
            )  # fmt: skip
        check_value(builder, builder.parameters.get(name), value, place)
        if name in builder.weights:
            _check_weights(builder, name, value, place)
    unnamed = [
        LayerArgument(name, None, False, inferred=True)
        for name in builder.weights
        if name not in given.keywords and builder.parameters[name].default is not None
    ]
    written = (LayerArgument(name, _printed(value, span), False) for name, value in given.keywords.items())
    return (*written, *unnamed)


def _check_weights(builder: ModelBuilder, argument: str, value: Any, span: Span) -> None:
    names = builder.weights[argument]
    if value is None or isinstance(value, str) and value.rpartition(".")[2] in names:
        return
    listed = ", ".join(f'"{each}"' for each in dict.fromkeys(names))
    if not isinstance(value, str):
        help = f"`{argument}` is none or one of {listed}"
        raise error("TN0303", f"pretrained weights are named by text, not {describe(value)}", span, help=help)
    raise error(
        "TN0304", f"`{builder.name}` has no weights `{value}`", span,
        help=did_you_mean(value, names) or (f"it has {listed}" if listed else "it has none"),
    )  # fmt: skip


def _printed(value: Any, span: Span) -> Any:
    if not isinstance(value, Callee):
        return value
    if value.kind == "function":
        return FunctionRef(value.target.path)
    if value.kind == "layer" and not value.args:
        return LayerRef(value.target.path, value.kwargs)
    if value.kind == "layer":
        raise error("TN0301", f"arguments of `{value.name}` are given by keyword here", span)
    help = f'build the model without it and replace submodules: `models.… {{ "path": {value.name} }}`'
    raise error("TN0303", f"a model of torchvision cannot be built with {describe(value)}", span, help=help)


def _base(
    builder: ModelBuilder, arguments: tuple[LayerArgument, ...], callee: Callee, span: Span
) -> tuple[tuple, Prototype]:
    """The builder's own model, on the meta device; equal arguments share one."""
    key = tuple((each.name, freeze(each.value)) for each in arguments)
    if (builder.path, key) not in _bases:
        kwargs = {each.name: materialise(each.value) for each in arguments}
        try:
            _bases[builder.path, key] = prototype(lambda: builder.build(**kwargs))
        except Exception as problem:  # whatever a builder raises on arguments that it does not take
            raise _rejected(builder, problem, callee, span) from None
    return key, _bases[builder.path, key]


def _rejected(builder: ModelBuilder, problem: Exception, callee: Callee, span: Span) -> SpecError:
    given = callee.arguments
    unknown = next((name for name in given.keywords if f"unexpected keyword argument '{name}'" in str(problem)), None)
    if unknown is None:
        why = str(problem).split("\n")[0].rstrip(".") or type(problem).__name__
        return error("TN0301", f"`{builder.name}` does not take these arguments: {why}", span)
    model = prototype(lambda: builder.build(**dict.fromkeys(builder.weights))).model
    names = {*builder.parameters, *inspect.signature(type(model).__init__).parameters} - {"self", "kwargs"}
    return error(
        "TN0301", f"`{builder.name}` has no argument `{unknown}`", given.name_span(unknown, span),
        help=did_you_mean(unknown, sorted(names)) or f"it has {', '.join(f'`{each}`' for each in sorted(names))}",
    )  # fmt: skip


# ---- taps ------------------------------------------------------------------------------------------------------------


def _taps(node: ast.Expr, draft: Draft, frame: Frame) -> tuple[str, ...]:
    value = compile_time(node, frame, "where a value is taken")
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, (list, tuple)) or not paths or not all(isinstance(each, str) for each in paths):
        raise error(
            "TN0303", f"`at` takes the path of a submodule or a list of paths, not {describe(value)}", node.span
        )
    items = node.items if isinstance(node, ast.ListExpr) else [node] * len(paths)
    for path, item in zip(paths, items, strict=True):
        draft.check_path(path, item.span)
    if len(set(paths)) < len(paths):
        raise error("TN0202", "a path is given twice", node.span)
    return tuple(paths)


def _not_followed(draft: Draft, taps: tuple[str, ...]) -> str | None:
    """Why there is no value after one of these submodules, where torchvision's names of values tell."""
    from torchvision.models.feature_extraction import get_graph_node_names

    prefix = f"{BACKBONE}." if is_detector(draft.model) else ""
    try:
        both = get_graph_node_names(draft.model.backbone if prefix else draft.model, suppress_diff_warning=True)
    except Exception:  # the model cannot be traced at all
        return None
    for path in (each.removeprefix(prefix) for each in taps):
        training, otherwise = (any(f"{each}.".startswith(f"{path}.") for each in names) for names in both)
        above = next((each for each in _above(path) if each in both[0]), None)
        if training and not otherwise:
            return f"`{prefix}{path}` is applied in training only"
        if not training and above:
            return f"of `{prefix}{above}` only the whole is one of its steps, not `{prefix}{path}`"
    return None


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition(".")[0]:
        yield path


def _check_detector_taps(draft: Draft, taps: tuple[str, ...], action: ast.Apply) -> None:
    outside = next((each for each in taps if not each.startswith(f"{BACKBONE}.")), None)
    if outside is not None and taps != (BACKBONE,):
        raise error(
            "TN0404", f"of a detector values are taken from its backbone only, not after `{outside}`", action.taps.span,
            help='such as `at "backbone"` for all of it, `at ["backbone.body.layer3", "backbone.body.layer4"]`',
        )  # fmt: skip


def _tapped(draft: Draft, taps: tuple[str, ...], action: ast.Apply) -> nn.Module:
    """As much of the model as gives the values after these submodules."""
    from torchvision.models.feature_extraction import create_feature_extractor

    from ..catalog.detector_modules import DetectorFeatures

    if is_detector(draft.model):
        _check_detector_taps(draft, taps, action)
    extract = DetectorFeatures if is_detector(draft.model) else create_feature_extractor
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return extract(draft.model, list(taps)).eval()
    except Exception as problem:  # whatever stands in the way of tracing a model
        why = _not_followed(draft, taps) or str(problem).split("\n")[0].rstrip(".")
        raise error(
            "TN0404", f"values from inside `{draft.name}` cannot be taken: {why}", action.taps.span
        ) from None  # fmt: skip


WITH_SURGERY["model"] = apply_model
LAYER_TYPES[Model] = model_types
