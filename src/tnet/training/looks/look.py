"""A look at a model: everything of it that a report shows beside the numbers of its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ...data.loaders import Loader, Loaders
from ...ir.graph import Net
from ...ir.types import TensorType
from ..compiled import Forward
from ..evaluate import to_device
from ..losses import BINARY, MULTILABEL, WHOLE_TARGETS
from ..outputs import output_dims, outputs_of
from ..recipe import Recipe
from .inside import FeatureMaps, Kernels, kernels, look_inside, without_a_trace
from .predictions import Predictions, Sample, images_of, to_look_at

SAMPLES = 8
"""Samples that are passed through the net to see what it makes of them."""
OF_LABELS = (BINARY | MULTILABEL) - WHOLE_TARGETS
"""Losses of outputs that say of each label whether a sample has it."""
COLOURS = (1, 3)
"""Channels of an output that may be a picture."""
SEEN_IN = ("val", "test", "train")
"""The parts of the data, in the order in which samples for a look are taken from them."""


@dataclass(frozen=True)
class Made:
    """An output of the net that is a picture, for the first samples: [N, C, H, W]."""

    name: str
    pictures: Tensor


@dataclass(frozen=True)
class Look:
    """`given` are the pictures of the first samples, [N, C, H, W] for each input that is one; `dense` says that places
    of samples, as pixels, have the classes. What a net does not have is empty."""

    confusion: list[list[int]] | None = None
    classes: Sequence[str] = ()
    dense: bool = False
    by_label: Mapping[str, Any] = field(default_factory=dict)
    samples: Sequence[Sample] = ()
    scatter: Sequence[Sequence[float]] = ()
    kernels: Kernels | None = None
    features: Sequence[FeatureMaps] = ()
    given: Sequence[Tensor] = ()
    made: Sequence[Made] = field(default_factory=list)


def predictions_of(net: Net, recipe: Recipe, classes: Sequence[str], loaders: Loaders) -> Predictions:
    """What is to be kept of evaluations; `classes` are those by which accuracy makes sense, if any."""
    if classes:
        return Predictions(classes)
    dims = output_dims(net)
    if recipe.loss.class_numbers and "target" in recipe.loss.fields and len(dims) > 2 and isinstance(dims[1], int):
        known = [str(each) for each in loaders.classes or ()]
        return Predictions(known if len(known) == dims[1] else [str(each) for each in range(dims[1])], dense=True)
    if recipe.loss.name in OF_LABELS and "target" in recipe.loss.fields and len(dims) == 2 and _is_several(dims[1]):
        return Predictions(labels=[str(each) for each in range(dims[1])], binary=recipe.loss.name)
    single = len(dims) == 1 or len(dims) == 2 and dims[1] == 1
    fields = loaders.train.make(loaders.train.indices[:1], 0) if single else {}
    target = fields.get("target")
    if target is None or target.numel() != 1 or not single:
        return Predictions()
    if recipe.loss.name in BINARY:
        known = [str(each) for each in loaders.classes or ()]
        return Predictions(known if len(known) == 2 else ["0", "1"], binary=recipe.loss.name)
    return Predictions(regression=target.is_floating_point() and "target" in recipe.loss.fields)


def _is_several(size: object) -> bool:
    return isinstance(size, int) and size > 1


def look(net: Net, forward: Forward, loaders: Loaders, predictions: Predictions, paths: Sequence[str] = ()) -> Look:
    """Look at a model, with what the last evaluation has left in `predictions`; `paths` are layers whose maps are
    wanted. `forward` runs the model, and the recipe's loss with it."""
    loader = _seen_in(loaders)
    fields, given = first_samples(loaders)
    inside = look_inside(forward, to_device(fields, forward.device), paths)
    told = predictions.means_something and predictions.loader is not None
    return Look(
        confusion=predictions.confusion() if told else None,
        classes=predictions.classes,
        dense=predictions.dense,
        by_label=predictions.by_label() if told else {},
        samples=predictions.samples(lambda batch: _answers(forward, batch)) if told else (),
        scatter=predictions.scatter() if told else (),
        kernels=kernels(forward.model, [each.shape[1:] for each in given]),
        features=inside.features,
        given=given,
        made=_made(net, inside.outputs, loader, fields, 1 if predictions.dense else 0),
    )


def _answers(forward: Forward, fields: Mapping[str, Tensor]) -> Tensor:
    """The net's first output for samples."""
    with without_a_trace(forward):
        return outputs_of(forward.run(to_device(fields, forward.device))[1])[0]


def _seen_in(loaders: Loaders) -> Loader:
    return next(loaders.parts[name] for name in SEEN_IN if name in loaders.parts)


def first_samples(loaders: Loaders) -> tuple[dict[str, Tensor], list[Tensor]]:
    """The samples that are passed through the net, as it takes them, and those of their inputs that are images, in the
    numbers before `Normalize`."""
    loader = _seen_in(loaders)
    fields = loader.pipeline.one_crop(loader.make(loader.indices[:SAMPLES], 0))
    return fields, to_look_at(loader, fields)[0]


def _made(net: Net, outputs: Sequence[Tensor], loader: Loader, fields: Mapping[str, Tensor], first: int) -> list[Made]:
    """The outputs that are pictures; those before the `first` are known to be none."""
    found = []
    for number, (output, (name, kind)) in enumerate(zip(outputs, net.outputs, strict=False)):
        is_picture = isinstance(kind, TensorType) and output.ndim == 4 and output.shape[1] in COLOURS
        if is_picture and number >= first:
            found.append(Made(name or f"output {number + 1}", _in_unit(output, loader, fields)))
    return found


def _in_unit(output: Tensor, loader: Loader, fields: Mapping[str, Any]) -> Tensor:
    """Pictures in [0, 1]: those with numbers elsewhere are as normalised inputs are, or else are spread over it."""
    if 0 <= float(output.min()) and float(output.max()) <= 1:
        return output
    images = images_of(loader, fields)
    if images and fields[images[0]].shape[1:] == output.shape[1:]:
        found = loader.pipeline.undone(output)
        if found is not output:
            return found.clamp(0, 1)
    low, high = output.min(), output.max()
    return (output - low) / (high - low).clamp(min=1e-12)
