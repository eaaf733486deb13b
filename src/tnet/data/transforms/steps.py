"""Transforms ready to run on batches: at once where they can, else on one sample after another.

A step is called with the fields of a batch, samples along dim 0, the samples' numbers (int64 array), the seed and the
epoch. What it draws for a sample comes from the seed, the step's own name, the epoch and the sample's number, so it
does not depend on the batch. Raises SpecError (TN0703) where a transform cannot take the samples.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

from ...diagnostics import SpecError, error
from .. import own, streams
from ..items import to_tensor
from .batched import Batched, batched, draws_nothing
from .choose import Transform
from .kinds import Fields, Image, Marks, Mask, TVTensor, Video, assembled, like, one, plain, stacked, taken
from .own import OwnTransform


class Step:
    """One transform, by torchvision, on one sample after another. `stream` names its random draws."""

    at_once = False

    def __init__(self, transform: Transform, module: Any, stream: str):
        self.transform, self.module, self.stream = transform, module, stream

    def __call__(self, fields: Fields, samples: np.ndarray, seed: int, epoch: int) -> Fields:
        try:
            return self.run(fields, samples, seed, epoch)
        except SpecError:
            raise
        except Exception as problem:
            raise self._refused(fields, problem) from problem

    def run(self, fields: Fields, samples: np.ndarray, seed: int, epoch: int) -> Fields:
        stream = streams.key(seed, self.stream, epoch)
        results = []
        with _own_generator() as generator:
            for number, sample in enumerate(samples.tolist()):
                generator.manual_seed(streams.key(stream, "sample", sample))
                results.append(self.through_torchvision({name: one(value, number) for name, value in fields.items()}))
        return {name: stacked([result[name] for result in results]) for name in fields}

    def through_torchvision(self, fields: Fields) -> Fields:
        """Where nothing is a picture, each field by itself, for torchvision would take the first for an image."""
        with warnings.catch_warnings(action="ignore"):  # that a transform leaves masks alone is what it is for
            if not any(isinstance(value, TVTensor) for value in fields.values()):
                return {name: plain(self.module(Image(v) if v.ndim >= 3 else v)) for name, v in fields.items()}
            return {name: _still(value, fields[name]) for name, value in self.module(fields).items()}

    def _refused(self, fields: Fields, problem: Exception) -> SpecError:
        name, (field_name, value) = self.transform.name, next(iter(fields.items()))
        kind = f"{str(value.dtype).removeprefix('torch.')}{list(value.shape[1:])}"
        return error(
            "TN0703", f"`{name}` cannot be applied to `{field_name}: {kind}`{self.reason(problem)}", self.transform.span
        )

    def reason(self, problem: Exception) -> str:
        return f": {(str(problem).strip() or type(problem).__name__).splitlines()[0]}"


def _still(value: Any, original: Tensor) -> Any:
    """What torchvision gives, as the kind of picture it was: transforms may make it a plain tensor or one of PIL."""
    if isinstance(value, PIL.Image.Image):
        return Image(functional.pil_to_tensor(value))
    return like(value, original) if isinstance(value, Tensor) and not isinstance(value, TVTensor) else value


class WholeStep(Step):
    """A transform that draws nothing, by torchvision, on all samples at once."""

    at_once = True

    def run(self, fields: Fields, samples: np.ndarray, seed: int, epoch: int) -> Fields:
        kinds = {type(value) for value in fields.values()}
        pictures = not kinds.isdisjoint((Image, Video, Mask)) or any(value.ndim >= 4 for value in fields.values())
        if pictures and Marks not in kinds:
            return self.through_torchvision(fields)
        if not pictures and self.transform.name == "Normalize":
            return {name: self._normalized(value) for name, value in fields.items()}
        return super().run(fields, samples, seed, epoch)

    def _normalized(self, values: Tensor) -> Tensor:
        """Samples that are vectors or sequences: `mean` and `std` go along their first dim, as channels do."""
        shape = (-1, *[1] * (values.ndim - 2))
        mean, std = (torch.tensor(each, dtype=values.dtype).view(shape) for each in (self.module.mean, self.module.std))
        return (values - mean) / std


class BatchedStep(Step):
    """A random transform that has a form for whole batches; what that does not take goes sample by sample through
    torchvision, with the same draws."""

    at_once = True

    def __init__(self, transform: Transform, module: Any, stream: str, form: Batched):
        super().__init__(transform, module, stream)
        self.form = form

    def run(self, fields: Fields, samples: np.ndarray, seed: int, epoch: int) -> Fields:
        moving = {name: each for name, each in _as_pictures(fields).items() if isinstance(each, TVTensor)}
        picture = next((each for each in moving.values() if isinstance(each, Image | Video | Mask)), None)
        if picture is None:
            return super().run(fields, samples, seed, epoch)
        uniform = streams.uniform(streams.key(seed, self.stream, epoch), samples, self.form.draws)
        parameters = self.form.parameters(uniform, picture.shape)
        return fields | {name: self._changed(value, parameters) for name, value in moving.items()}

    def _changed(self, value: Tensor, parameters: dict[str, Any]) -> Tensor:
        if isinstance(value, self.form.kinds):
            return self.form.apply(value, parameters)
        with warnings.catch_warnings(action="ignore"):
            return stacked([self._one(one(value, i), self.form.of(parameters, i)) for i in range(len(value))])

    def _one(self, value: Tensor, parameters: dict[str, Any] | None) -> Tensor:
        return value if parameters is None else self.module.transform(value, parameters)


def _as_pictures(fields: Fields) -> Fields:
    """Where nothing is known to be a picture, what has the shape of images is taken for one."""
    if any(isinstance(value, TVTensor) for value in fields.values()):
        return fields
    return {name: Image(value) if value.ndim == 4 else value for name, value in fields.items()}


class CropsStep(Step):
    """`FiveCrop` and `TenCrop`: images become [samples, crops, C, H, W]."""

    at_once = True

    def run(self, fields: Fields, samples: np.ndarray, seed: int, epoch: int) -> Fields:
        crops = self.through_torchvision(_as_pictures(fields))
        return {n: like(torch.stack(list(v), dim=1), v[0]) if isinstance(v, tuple) else v for n, v in crops.items()}


class OwnStep(Step):
    """A transform from `use`, on one sample of one input after another; each of its inputs meets the same draws."""

    def run(self, fields: Fields, samples: np.ndarray, seed: int, epoch: int) -> Fields:
        stream = streams.key(seed, self.stream, epoch)
        return {name: self._mapped(value, samples, stream) for name, value in fields.items()}

    def _mapped(self, values: Tensor, samples: np.ndarray, stream: int) -> Tensor:
        if isinstance(values, TVTensor) and not isinstance(values, Image | Video):
            return values
        results = []
        for value, sample in zip(plain(values), samples.tolist(), strict=True):
            with own.drawing(streams.key(stream, "sample", sample)), torch.no_grad():
                results.append(to_tensor(self.module(value)))
        return like(torch.stack(results), values)

    def reason(self, problem: Exception) -> str:
        return "," + own.reason(problem, self.transform.cls)


class Container(Step):
    """Transforms that hold others, which run as steps of their own on the samples that they are drawn for."""

    def __init__(self, transform: Transform, module: Any, stream: str):
        super().__init__(transform, module, stream)
        self.steps = [step(each, f"{stream}.{i}") for i, each in enumerate(transform.inner)]
        self.at_once = all(each.at_once for each in self.steps)

    @property
    def draws(self) -> int:
        return len(self.steps)

    def run(self, fields: Fields, samples: np.ndarray, seed: int, epoch: int) -> Fields:
        parts, rest = [], np.ones(len(samples), dtype=bool)
        for chosen, steps in self.groups(streams.uniform(streams.key(seed, self.stream, epoch), samples, self.draws)):
            rest &= ~chosen
            if chosen.any():
                numbers = torch.from_numpy(chosen.nonzero()[0])
                part = {name: taken(value, numbers) for name, value in fields.items()}
                for each in steps:
                    part = each(part, samples[chosen], seed, epoch)
                parts.append((numbers, part))
        if rest.any():
            numbers = torch.from_numpy(rest.nonzero()[0])
            parts.append((numbers, {name: taken(value, numbers) for name, value in fields.items()}))
        return parts[0][1] if len(parts) == 1 else assembled(parts)

    def groups(self, uniform: np.ndarray) -> Sequence[tuple[np.ndarray, Sequence[Step]]]:
        """Samples (bool of shape [samples]) with the steps that they meet; a sample is in one group at most."""
        return [(np.ones(len(uniform), dtype=bool), self.steps)]


class Apply(Container):
    """`RandomApply`: all of its transforms or none."""

    def groups(self, uniform: np.ndarray) -> Sequence[tuple[np.ndarray, Sequence[Step]]]:
        return [(uniform[:, 0] < self.module.p, self.steps)]


class Choice(Container):
    """`RandomChoice`: one of its transforms, with probabilities `p`."""

    def groups(self, uniform: np.ndarray) -> Sequence[tuple[np.ndarray, Sequence[Step]]]:
        chosen = np.searchsorted(np.cumsum(self.module.p)[:-1], uniform[:, 0], side="right")
        return [(chosen == number, [each]) for number, each in enumerate(self.steps)]


class Order(Container):
    """`RandomOrder`: all of its transforms in random order."""

    def groups(self, uniform: np.ndarray) -> Sequence[tuple[np.ndarray, Sequence[Step]]]:
        drawn = uniform.argsort(1)
        orders = np.unique(drawn, axis=0)
        return [((drawn == order).all(1), [self.steps[number] for number in order]) for order in orders]


@contextmanager
def _own_generator() -> Iterator[torch.Generator]:
    """The global generator, which torchvision draws from, put back as it was at the end."""
    state = torch.get_rng_state()
    try:
        yield torch.default_generator
    finally:
        torch.set_rng_state(state)


CONTAINERS = {"Compose": Container, "RandomApply": Apply, "RandomChoice": Choice, "RandomOrder": Order}
CROPS = {"FiveCrop": 5, "TenCrop": 10}
"""How many images a transform makes of one."""


def step(transform: Transform, stream: str, statistics: Any = None) -> Step:
    """The step that runs a transform, with `statistics` in place of "auto"."""
    module = transform.build(statistics)
    if isinstance(transform, OwnTransform):
        return OwnStep(transform, module, stream)
    if transform.name in CONTAINERS:
        return CONTAINERS[transform.name](transform, module, stream)
    if transform.name in CROPS:
        return CropsStep(transform, module, stream)
    if form := batched(transform.name, module):
        return BatchedStep(transform, module, stream, form)
    return (WholeStep if draws_nothing(transform.cls) else Step)(transform, module, stream)
