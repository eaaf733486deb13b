"""`tnet predict`: a trained run on new inputs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..data.samples import IMAGE
from ..data.transforms.pipeline import Pipeline, Stage
from ..diagnostics import error
from .attribution import attributions
from .dtypes import default_dtype, in_default
from .looks.look import COLOURS
from .outputs import outputs_of
from .prediction_inputs import Reading, named
from .run import Run, load_run
from .world import single

if TYPE_CHECKING:
    from ..ir.program import Override


def predict(
    path: str | os.PathLike,
    inputs: Iterable[Any],
    device: str | None = None,
    changes: Sequence[Override] = (),
    allow: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """What a run says of each sample of `inputs`: pictures and folders of them, `.npy .npz .csv .safetensors .pt` files
    of one or more samples, arrays, tensors, or maps of these. The inputs of a net that takes several come together,
    by name. For a net that was trained on a table, CSV and Parquet files have columns of the same names, which become
    what they were in training.

    Each answer has `input` (the file, with the sample's number where it has several) and `output`, the net's first
    output as numbers; for a classifier also `class`, its name, `index` and `probability`. Images take the way of
    evaluation: the channels and size of the net's input, `prepare`, `transform`. `changes` are
    settings that are to differ from those of the run's training; `allow` names the Python code that its spec may
    `use`. Raises SpecError (TN0702, TN0703).
    """
    return [each.answer for each in predictions(path, inputs, device, changes, allow)]


@dataclass(frozen=True)
class Prediction:
    """What a run says of one sample: `answer` as `predict` gives it, `pictures` the inputs that are images [C, H, W],
    in the numbers before `Normalize`, `maps` the classes of pixels [H, W] where the net gives such, `made` the outputs
    that are pictures, and, where that is asked for, `attributions`: how much each pixel [H, W] of each picture has
    added to the answer."""

    answer: dict[str, Any]
    pictures: Sequence[Tensor] = ()
    maps: Sequence[Tensor] = ()
    made: Sequence[Tensor] = ()
    attributions: Sequence[Tensor] = ()


def predictions(
    path: str | os.PathLike,
    inputs: Iterable[Any],
    device: str | None = None,
    changes: Sequence[Override] = (),
    allow: Sequence[str] = (),
    attribute: bool = False,
) -> Iterator[Prediction]:
    """The same, with what there is to look at. Raises SpecError as `predict`, and TN0703 for an answer that cannot be
    attributed to the input."""
    run = load_run(path, changes, allow)
    world = single(device or "auto")
    model = run.model.to(world.device)
    for name, given in named(inputs):
        read = Reading(run.spec.data_recipe.inputs, name, run.about["data"].get("encoding"))
        fields, picture = read(given)
        samples, whole = _prepared(run, fields, picture, read)
        with default_dtype(run.spec.recipe.dtype):
            samples = [value.to(world.device, in_default(value.dtype)) for value in samples]
        with default_dtype(run.spec.recipe.dtype), torch.inference_mode():
            outputs = [each.float().cpu() for each in outputs_of(model(*samples))]
        rows = outputs[0].unflatten(0, (-1, whole.crops)).mean(1)
        answers = [_answer(run, row, f"{name}[{i}]" if len(rows) > 1 else name) for i, row in enumerate(rows)]
        firsts = [value[:: whole.crops] for value in samples]
        pictures = [whole.undone(value.cpu()) for value in firsts if value.ndim == 4]
        maps = [rows.argmax(1)] if run.spec.recipe.loss.class_numbers and rows.ndim == 4 else []
        others = [each[:: whole.crops] for each in outputs[len(maps) :]]
        made = [each for each in others if each.ndim == 4 and each.shape[1] in COLOURS]
        found = attributions(model, run, whole, firsts, answers) if attribute else []
        for i, answer in enumerate(answers):
            yield Prediction(answer, *([each[i] for each in lot] for lot in (pictures, maps, made, found)))


def _answer(run: Run, row: Tensor, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"input": name, "output": row.tolist()}
    if run.spec.recipe.loss.class_numbers and row.ndim == 1:
        logs = "nll" in run.spec.recipe.loss.name.lower()
        shares = row.exp() if logs else row.softmax(0)
        index = int(shares.argmax())
        classes = run.about["data"]["classes"]
        label = classes[index] if classes and index < len(classes) else str(index)
        answer |= {"class": label, "index": index, "probability": float(shares[index])}
    return answer


def _prepared(run: Run, fields: dict[str, Tensor], picture: bool, read: Reading) -> tuple[list[Tensor], Pipeline]:
    """The net's inputs as evaluation makes them, and what made them; a picture is brought to the net's size where
    `prepare` leaves another."""
    recipe = run.spec.data_recipe
    dtypes = {each.name: getattr(torch, each.type.dtype) for each in recipe.inputs}
    last = Stage("transform", recipe.transform.transforms, run.about["data"]["statistics"])
    images = [each.name for each in recipe.inputs if len(each.type.dims) == 4]
    made = {name: _in_unit(run, value) if name in images else value for name, value in fields.items()}
    numbers, kinds = torch.arange(len(next(iter(made.values())))), dict.fromkeys(images, IMAGE)
    first = Pipeline(recipe.prepare, Stage("none"), dtypes, kinds, seed=0)
    made = first.prepared(made, numbers)
    if picture:
        made = {each.name: _resized(made[each.name], each.type.dims) for each in recipe.inputs}
    made = Pipeline(Stage("none"), last, dtypes, kinds, seed=0)(made, numbers, epoch=0)
    whole = Pipeline(recipe.prepare, last, dtypes, kinds, seed=0)
    inputs = [whole.each_crop(each.name, made[each.name]) for each in recipe.inputs]
    for wanted, value in zip(recipe.inputs, inputs, strict=True):
        read.check(wanted, value, bool(first.first))
    return inputs, whole


def _in_unit(run: Run, samples: Tensor) -> Tensor:
    """Float images are in [0, 1], or in the numbers of the spec's source (0 to 16 for the digits of scikit-learn)."""
    from ..data.sources.scikit import UNITS

    if not samples.is_floating_point():
        return samples
    samples = samples.float()
    source = run.spec.data_recipe.sources.get("train")
    if source and source.own:
        return samples  # in numbers of their own, such as decibels
    unit = UNITS.get(source.name, 1.0) if source else 1.0
    most = float(samples.max()) if samples.numel() else 0.0
    if most > unit:
        raise error(
            "TN0703", f"float images are in [0, 1], these reach {most:g}", help="give uint8 images for 0 to 255"
        )
    return samples / unit if most > 1 else samples


def _resized(samples: Tensor, dims: Sequence[Any]) -> Tensor:
    from torchvision.transforms.v2 import functional

    size = list(dims[2:])
    if list(samples.shape[-2:]) == size or not all(isinstance(each, int) for each in size):
        return samples
    return functional.resize(samples, size, antialias=True)
