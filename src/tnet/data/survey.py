"""What there is to know of data before anything is trained on it: sizes, classes, shapes, ranges, means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..diagnostics import SpecError
from .items import UNKNOWN
from .kept import Kept
from .loaders import Loader
from .samples import IMAGE, Samples
from .statistics import CHUNK
from .transforms.kinds import Fields
from .transforms.pipeline import Pipeline, Stage

if TYPE_CHECKING:
    from .recipe import DataRecipe


@dataclass
class FieldSurvey:
    """A field of the training samples: `smallest` and `largest` are its shapes by dim, `least` and `most` its values as
    the source has them. `mean` and `std` (population) are by channel of images, in [0, 1] and after `prepare`, which is
    what `Normalize` takes; by place of vectors; None where the field is a class, a mask or boxes."""

    name: str
    kind: str | None
    dtype: str
    smallest: list[int]
    largest: list[int]
    least: float
    most: float
    mean: list[float] | None = None
    std: list[float] | None = None


@dataclass
class PartSurvey:
    """A part of the data. `classes` counts the samples of each class by its name, None where there are none."""

    name: str
    samples: int
    classes: dict[str, int] | None


@dataclass
class Survey:
    """`facts` are what else the source tells of itself, such as a video's frames; `skipped` what is wrong with each
    training sample that cannot be read, where such are skipped."""

    parts: list[PartSurvey]
    fields: list[FieldSurvey]
    facts: Mapping[str, Any] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def survey(recipe: DataRecipe, seed: int = 0) -> Survey:
    """Reads all training samples once. Raises SpecError as `DataRecipe.load` does."""
    loaders = replace(recipe, decode="full").load(seed)
    parts = [_part(name, loader, loaders.classes) for name, loader in loaders.parts.items()]
    samples = source_of(loaders.train)
    dtypes = {each.name: getattr(torch, each.type.dtype) for each in recipe.inputs}
    pipeline = Pipeline(recipe.prepare, Stage("transform"), dtypes, samples.kinds, seed)
    skipped: list[str] = []
    fields = _fields(samples, loaders.train.indices, pipeline, skipped)
    return Survey(parts, fields, samples.facts(), skipped)


def source_of(loader: Loader) -> Samples:
    """The samples of a loader as they come from their source."""
    return loader.samples.samples if isinstance(loader.samples, Kept) else loader.samples


def _part(name: str, loader: Loader, classes: Sequence[str] | None) -> PartSurvey:
    if loader.labels is None:
        return PartSurvey(name, loader.count, None)
    known = loader.labels[loader.labels != UNKNOWN]
    counts = dict(zip(*(each.tolist() for each in known.unique(return_counts=True)), strict=True))
    numbers = sorted({*range(len(classes or ())), *counts})
    return PartSurvey(name, loader.count, {called(number, classes): counts.get(number, 0) for number in numbers})


def called(label: int, classes: Sequence[str] | None) -> str:
    """A class by its name, or by its number where it has none."""
    return str(classes[label]) if classes and 0 <= label < len(classes) else str(label)


def _fields(samples: Samples, indices: Tensor, pipeline: Pipeline, skipped: list[str]) -> list[FieldSurvey]:
    tallies: dict[str, Tally] = {}
    for chunk, raw in chunks(samples, indices, skipped):
        made = pipeline(raw, chunk, epoch=0)
        for name, value in raw.items():
            kind = samples.kinds.get(name)
            tally = tallies.setdefault(name, Tally(name, kind))
            tally.see(value)
            if kind == IMAGE or kind is None and value.is_floating_point():
                tally.add(made[name], -3 if kind else 1)
    return [tally.result() for tally in tallies.values()]


def chunks(samples: Samples, indices: Tensor, skipped: list[str]) -> Iterator[tuple[Tensor, Fields]]:
    """The samples as they are in evaluation, as many at once as have one size, with their numbers. To `skipped` goes
    what is wrong with those that cannot be read and are skipped. Raises SpecError (TN0702) where none is."""
    for chunk in indices.split(CHUNK if samples.uniform else 1):
        try:
            yield chunk, samples.read(chunk)
        except SpecError as problem:
            if not samples.tolerant:
                raise
            skipped.append(problem.diagnostics[0].message)


@dataclass
class Tally:
    """Sums over the samples of a field."""

    name: str
    kind: str | None
    dtype: str = ""
    shapes: set[tuple[int, ...]] = field(default_factory=set)
    least: float = float("inf")
    most: float = float("-inf")
    count: int = 0
    total: Tensor | float = 0.0
    squares: Tensor | float = 0.0

    def see(self, values: Tensor) -> None:
        """Values as they come from the source, samples along dim 0."""
        self.dtype = str(values.dtype).removeprefix("torch.")
        self.shapes.add(tuple(values.shape[1:]))
        if values.numel():
            self.least, self.most = min(self.least, float(values.min())), max(self.most, float(values.max()))

    def add(self, values: Tensor, dim: int) -> None:
        """Values to be averaged but along `dim`, by which they are told apart where there is one."""
        rows = values.double().movedim(dim, 0).flatten(1) if values.ndim > 1 else values.double()[None]
        self.count += rows.shape[1]
        self.total, self.squares = self.total + rows.sum(1), self.squares + rows.square().sum(1)

    def result(self) -> FieldSurvey:
        smallest, largest = (list(map(bound, zip(*self.shapes, strict=True))) for bound in (min, max))
        found = FieldSurvey(self.name, self.kind, self.dtype, smallest, largest, self.least, self.most)
        if self.count:
            mean = self.total / self.count
            found.mean = mean.tolist()
            found.std = (self.squares / self.count - mean.square()).clamp(min=0).sqrt().tolist()
        return found
