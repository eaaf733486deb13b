"""Detectors as steps: `(image, {"boxes": boxes, "labels": labels}) -> models.fasterrcnn_resnet50_fpn()`.

A detector gives a map. Its losses exist in training, its detections in eval mode. Without targets it runs in eval mode
only.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from ..catalog.detectors import has_masks, has_one_size, keypoints, losses, most_detections
from ..diagnostics import Note, SpecError, did_you_mean, error
from ..ir.graph import Layer, Model, Value
from ..ir.types import TensorType
from ..shapes import Rejected, at_hints, infer
from ..shapes.partial import Batches
from ..shapes.regions import small_run
from ..source import Span
from .apply import Inputs
from .callees import describe
from .data_sizes import new_data_size
from .frames import Frame
from .inference import new_values
from .misfits import misfit
from .mode_values import Entry

FEW = 2
"""Images in a batch for inference."""

USAGE = 'write `(image, {"boxes": boxes, "labels": labels}) -> …`'


def detector_types(model: Model, inputs: Inputs, span: Span, frame: Frame) -> dict[str, Entry]:
    """The losses and detections of a detector. Raises SpecError for images or targets that it does not take."""
    detector = model.prototype
    if inputs.keywords or len(inputs.values) > 2:
        place = inputs.span or span
        raise error("TN0301", f"`{model.class_name}` takes images and a map of targets", place, help=USAGE)
    images = _images(model.class_name, inputs, span)
    if len(inputs.values) == 2:
        _check_targets(detector, inputs.values[1], images, inputs.span or span)
    _check_backbone(model, inputs.values[0], span, frame)
    found = {name: Entry(kind, None, (name,)) for name, kind in _detections(detector, images).items()}
    if len(inputs.values) == 2:
        found |= {name: Entry(TensorType("float32", ()), (name,), None) for name in losses(detector)}
    return found


def _images(name: str, inputs: Inputs, span: Span) -> TensorType:
    kind = inputs.values[0].type if isinstance(inputs.values[0], Value) else None
    if not isinstance(kind, TensorType) or len(kind.dims) != 4 or kind.dtype != "float32":
        what = f"not {describe(inputs.values[0])}"
        raise error("TN0401", f"`{name}` takes images `float[N, 3, H, W]`, {what}", inputs.span or span)
    return kind


def wanted_targets(detector: nn.Module, images: TensorType, objects: Any) -> dict[str, TensorType]:
    """The targets of a detector, a row for each object, in the boxes of torchvision: x1, y1, x2, y2 in pixels."""
    batch, _, height, width = images.dims
    wanted = {
        "boxes": TensorType("float32", (batch, objects, 4)),
        "labels": TensorType("int64", (batch, objects)),
    }
    if has_masks(detector):
        wanted["masks"] = TensorType("uint8", (batch, objects, height, width))
    if keypoints(detector):
        wanted["keypoints"] = TensorType("float32", (batch, objects, keypoints(detector), 3))
    return wanted


def _check_targets(detector: nn.Module, targets: Any, images: TensorType, span: Span) -> None:
    boxes = targets.get("boxes") if isinstance(targets, dict) else None
    if not isinstance(boxes, Value) or not isinstance(boxes.type, TensorType) or len(boxes.type.dims) != 3:
        raise error("TN0303", "a detector's targets are a map with `boxes: float[N, K, 4]`", span, help=USAGE)
    wanted = wanted_targets(detector, images, boxes.type.dims[1])
    for name in targets:
        if name not in wanted:
            listed = ", ".join(f"`{each}`" for each in wanted)
            help = did_you_mean(name, list(wanted)) or f"it has {listed}"
            raise error("TN0305", f"this detector has no targets `{name}`", span, help=help)
    for name, kind in wanted.items():
        given = targets.get(name)
        if not isinstance(given, Value) or given.type != kind:
            raise _unlike(name, kind, given, span)


def _unlike(name: str, kind: TensorType, given: Any, span: Span) -> SpecError:
    if given is None:
        return error("TN0302", f"the targets lack `{name}`, which is `{kind}` here", span)
    notes = [Note("it comes from here", given.span)] if isinstance(given, Value) else []
    return error("TN0401", f"`{name}` of the targets is `{kind}` here, not {describe(given)}", span, *notes)


def _check_backbone(model: Model, images: Value, span: Span, frame: Frame) -> None:
    """That the backbone takes the images. What comes after it depends on data, and is run where the spec changes it."""
    within = Layer(model.path, (), Batches(model.prototype, "backbone"))
    try:
        infer(within, ("backbone", model.key), (sized(images.type, frame),), {}, {})
    except Rejected as rejected:
        raise misfit(frame, model, model.class_name, rejected, (images,), {}, span) from None
    if any(path.startswith("roi_heads.") for path in model.replaced):
        try:
            small_run(model.prototype, "roi_heads")
        except Exception as problem:  # any that PyTorch raises on what does not fit
            why = str(problem).split("\n")[0].rstrip(".")
            raise error("TN0401", f"the heads of `{model.class_name}` do not fit together: {why}", span) from None


def sized(images: TensorType, frame: Frame) -> TensorType:
    """Images at the hints for symbolic sizes; few, since a detector prepares them one by one."""
    batch, *sizes = images.dims
    few = min(batch, FEW) if isinstance(batch, int) else FEW
    return TensorType(images.dtype, (few, *(at_hints(dim, frame.net.hints) for dim in sizes)))


def _detections(detector: nn.Module, images: TensorType) -> dict[str, TensorType]:
    batch, _, height, width = images.dims
    most = most_detections(detector)
    found = {
        "boxes": TensorType("float32", (batch, most, 4)),
        "labels": TensorType("int64", (batch, most)),
        "scores": TensorType("float32", (batch, most)),
    }
    if has_masks(detector):
        found["masks"] = TensorType("float32", (batch, most, 1, height, width))
    if points := keypoints(detector):
        found["keypoints"] = TensorType("float32", (batch, most, points, 3))
        found["keypoints_scores"] = TensorType("float32", (batch, most, points))
    return found


def given_in_detector(draft: Any, path: str, inputs: Inputs, span: Span, frame: Frame) -> Inputs:
    """What a detector gives its submodule at a path. The heads are given regions, how many depends on data; they are
    run small on the CPU for it, with the weights all zero."""
    kind = _images(draft.name, inputs, span)
    images = sized(kind, frame)
    within = Layer(draft.name, (), Batches(draft.model, path))
    try:
        found = infer(within, ("given", draft.key, path), (images,), {}, {}).structure
        batch = kind.dims[0]
    except Rejected:
        found, batch = small_run(draft.model, path), new_data_size(frame)
    if found is None:
        raise error("TN0404", f"`{draft.name}` never applies `{path}` to this input", span)
    args, kwargs, _ = found
    values = new_values(in_batch((args, kwargs), images.dims[0] if batch is kind.dims[0] else None, batch), span)
    return Inputs(tuple(values[0]), values[1], span)


def feature_types(model: Model, inputs: Inputs, span: Span, frame: Frame) -> dict[str, Any]:
    """The values that `at` takes from a detector's backbone, whose images are prepared at a size of its own."""
    if inputs.keywords or len(inputs.values) != 1:
        raise error("TN0301", f"the backbone of `{model.class_name}` takes images only", inputs.span or span)
    images = _images(model.class_name, inputs, span)
    if not all(isinstance(dim, int) for dim in images.dims[1:]):
        raise error(
            "TN0403", "a detector prepares images by their size, which must be known where `at` takes its values", span,
            help="give the sizes as numbers: `image: float[N, 3, 480, 640]`",
        )  # fmt: skip
    if not has_one_size(model.prototype):
        raise error(
            "TN0403", f"`{model.class_name}` prepares images at sizes drawn at each pass", span,
            help="give it one: `min_size=800`",
        )  # fmt: skip
    few = sized(images, frame)
    try:
        found = infer(model, ("features", model.key), (few,), {}, {}).structure
    except Rejected as rejected:
        raise misfit(frame, model, model.class_name, rejected, (inputs.values[0],), {}, span) from None
    return in_batch(found, few.dims[0], images.dims[0])


def in_batch(structure: Any, number: int, batch: Any) -> Any:
    """Types that were found for so many images (or regions, if none), for the batch."""
    if isinstance(structure, dict):
        return {key: in_batch(each, number, batch) for key, each in structure.items()}
    if isinstance(structure, (tuple, list)):
        return type(structure)(in_batch(each, number, batch) for each in structure)
    if not isinstance(structure, TensorType) or number not in (None, *structure.dims[:1]):
        return structure
    return TensorType(structure.dtype, (batch, *structure.dims[1:]))
