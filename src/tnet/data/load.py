"""Reading data: sources to samples, cut into parts, checked against the net, with statistics filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..diagnostics import Note, error
from ..ir.graph import Value
from ..source import Span
from . import statistics
from .cutting import PARTS, cut, fitted, names_cut
from .kept import Kept, free_memory
from .loaders import Loader, Loaders
from .padding import from_data, padding
from .samples import Samples
from .sources import tensors
from .sources.base import Wanted
from .sources.new_rows import recorded
from .transforms.needed import size_needed
from .transforms.pipeline import Pipeline
from .transforms.views import Views

if TYPE_CHECKING:
    from .recipe import DataRecipe


def load(
    recipe: DataRecipe,
    seed: int,
    batch: int,
    data: Any,
    device: str,
    known: Mapping[int, Mapping] | None,
    drawn: Mapping[str, Tensor] | None,
    fetch: bool,
) -> Loaders:
    """See `DataRecipe.load`."""
    if data is not None:
        recipe = replace(recipe, sources={}, spans={name: at for name, at in recipe.spans.items() if name == "split"})
    samples = _given(recipe, data) if data is not None else _read(recipe, fetch)
    parts = fitted(cut(recipe, samples, drawn), recipe.spans)
    dtypes = {each.name: getattr(torch, each.type.dtype) for each in recipe.inputs}
    first = parts["train"]
    if recipe.decode == "scaled":
        _scale(recipe, samples.values())
    if known is not None:
        last = replace(recipe.transform, statistics=known)
    else:
        last = statistics.fill(*first, recipe.prepare, recipe.transform, dtypes)
    loaders, room = {}, free_memory()
    for name, (read, indices) in parts.items():
        training = name == "train"
        stage = recipe.augment if training else recipe.prepare
        pipeline = _pipeline(recipe, stage, last, dtypes, read.kinds, seed=seed, training=training)
        kept = Kept(read, indices, pipeline)
        keeps = recipe.working.keeps(kept, room)
        if keeps:
            room, read, pipeline = room - kept.size(), kept, pipeline.after(kept.steps)
        one_by_one = pipeline.one_by_one or not (read.uniform or keeps)
        if read.by_stream and recipe.working.workers not in ("auto", 0):
            advice = "a stream is read in its own order, by the run's own process"
            raise error("TN0704", "`workers` cannot share a stream", recipe.spans.get("workers"), help=advice)
        options = recipe.working.options(one_by_one and not read.by_stream, len(indices), device)
        filling = padding(recipe.pad, recipe.inputs)
        loaders[name] = Loader(read, indices, pipeline, batch, seed if training else None,
                               training and recipe.skip_single, options, filling)  # fmt: skip
        require_fit(recipe, loaders[name], name, loaders[name].make(indices[:1], 0))
    train = first[0]
    notes = [_sizes(loaders, train.classes), *train.notes, *_printed(last.statistics)]
    split = {name: parts[name][1] for name in names_cut(recipe, samples) if not train.ordered}
    encoding = recorded(train, recipe.inputs)
    return Loaders(**loaders, classes=train.classes, statistics=last.statistics, notes=notes, split=split,
                   encoding=encoding)  # fmt: skip


def _scale(recipe: DataRecipe, samples: Iterable[Samples]) -> None:
    """Lets picture files be decoded at the size that is needed."""
    least = size_needed([recipe.augment.transforms, recipe.prepare.transforms])
    for decoder in filter(None, (each.decoder for each in samples)):
        decoder.least = least


def _pipeline(recipe: DataRecipe, *stages: Any, **options: Any) -> Pipeline:
    if recipe.views == 1:
        return Pipeline(*stages, **options)
    return Views([each.name for each in recipe.inputs[: recipe.views]], *stages, **options)


def counts(recipe: DataRecipe) -> dict[str, int]:
    """See `DataRecipe.counts`."""
    samples = {
        name: each if each.ordered or recipe.by else Uncut(len(each)) for name, each in _read(recipe, False).items()
    }
    return {name: len(indices) for name, (_, indices) in cut(recipe, samples).items()}


@dataclass(frozen=True)
class Uncut(Samples):
    """Samples of which only the number counts: classes decide which samples a part gets, never how many."""

    count: int

    def __len__(self) -> int:
        return self.count


def _read(recipe: DataRecipe, fetch: bool = True) -> dict[str, Samples]:
    if "train" not in recipe.sources:
        raise error("TN0704", "the spec has no data", help="add `data { train = … }`, or give data from Python")
    if not recipe.inputs:
        advice = "declare one: `net Name(image: float[N, 3, H, W]) { … }`"
        raise error("TN0502", "the data is for a net's inputs, and there is no main net", help=advice)
    wanted = Wanted(recipe.spec, from_data(recipe.inputs, recipe.pad, recipe.views), fetch, recipe.by)
    samples = {name: source.read(wanted) for name, source in recipe.sources.items()}
    for each in samples.values():
        each.tolerant = recipe.on_bad_sample == "skip"
    return samples


def _given(recipe: DataRecipe, data: Any) -> dict[str, Samples]:
    """Samples from Python: one lot for `train`, or a map from parts to lots."""
    names = [each.name for each in from_data(recipe.inputs, recipe.pad, recipe.views)]
    by_part = isinstance(data, Mapping) and "train" in data and set(data) <= set(PARTS)
    return {part: tensors.from_arrays(lot, names) for part, lot in (data if by_part else {"train": data}).items()}


def require_fit(recipe: DataRecipe, loader: Loader, part: str, fields: Mapping[str, Tensor]) -> None:
    """Samples of the part, made as training makes them, fit the net's inputs. Raises SpecError (TN0703)."""
    source = "train" if part not in recipe.sources else part
    span = recipe.spans.get(source)
    for wanted in recipe.inputs:
        value = loader.pipeline.each_crop(wanted.name, fields[wanted.name])
        sizes, given = wanted.type.dims[1:], value.shape[1:]
        fixed = zip(sizes, given, strict=False)
        if len(sizes) != len(given) or any(isinstance(size, int) and size != got for size, got in fixed):
            raise _misfit(wanted, value, span, loader.samples.notes)


def _misfit(wanted: Value, got: Tensor, span: Span | None, notes: Sequence[str]):
    shape = ["N", *map(str, got.shape[1:])]
    kind = f"{str(got.dtype).removeprefix('torch.')}[{', '.join(shape)}]"
    message = f"the data gives `{wanted.name}: {kind}`, the net takes `{wanted.name}: {wanted.type}`"
    return error("TN0703", message, span, Note("the net's input", wanted.span), help=_advice(wanted, got, notes))


def _advice(wanted: Value, got: Tensor, notes: Sequence[str]) -> str | None:
    sizes, given = wanted.type.dims[1:], tuple(got.shape[1:])
    if len(sizes) != 3 or len(given) != 3:
        return "; ".join([f"an input of shape [{', '.join(['N', *map(str, given)])}] would fit", *notes])
    if sizes[0] != given[0] and sizes[0] in (1, 3):
        return f"`Grayscale({sizes[0]})` in `augment` and in `prepare` changes the channels"
    if sizes[0] == given[0] and all(isinstance(size, int) for size in sizes[1:]):
        return f"`Resize([{sizes[1]}, {sizes[2]}])` in `augment` and in `prepare` changes the size"
    return None


def _sizes(loaders: Mapping[str, Loader], classes: Any) -> str:
    parts = ", ".join(f"{loader.count} {name}" for name, loader in loaders.items())
    return f"data: {parts}" + (f"; {len(classes)} classes" if classes else "")


def _printed(found: Mapping[int, Mapping[str, list[float]]]) -> list[str]:
    return [
        f"{name} = [{', '.join(f'{value:.4f}' for value in values)}] (from the training samples)"
        for each in found.values()
        for name, values in sorted(each.items())
    ]
