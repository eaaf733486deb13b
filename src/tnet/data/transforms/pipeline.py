"""Running the transforms of a data section on batches of samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import SpecError, error
from .. import own, streams
from ..items import to_tensor
from .batched import BATCHED, WHOLE
from .choose import Transform
from .own import OwnTransform

Fields = dict[str, Tensor]


@dataclass(frozen=True)
class Stage:
    """One of `augment`, `prepare` and `transform`: its steps, with "auto" statistics by the number of the step."""

    name: str
    transforms: tuple[Transform, ...] = ()
    statistics: Mapping[int, Mapping[str, list[float]]] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        return [
            Step(transform, transform.build(self.statistics.get(number)), f"{self.name}.{number}")
            for number, transform in enumerate(self.transforms)
        ]


class Step:
    """One transform, ready to run on batches. `stream` names its random draws."""

    def __init__(self, transform: Transform, module, stream: str):
        self.transform, self.module, self.stream = transform, module, stream
        factory = BATCHED.get(transform.name)
        self.batched = factory(module) if factory else None

    def __call__(self, images: Fields, samples: np.ndarray, seed: int, epoch: int) -> Fields:
        """Images [samples, …] transformed together. Raises SpecError (TN0703) where the transform cannot take them."""
        first = next(iter(images.values()))
        run = self._batch if self.batched and first.ndim == 4 else self._whole if self._at_once(first) else self._each
        run = self._own if isinstance(self.transform, OwnTransform) else run
        try:
            return run(images, samples, streams.key(seed, self.stream, epoch))
        except SpecError:
            raise
        except Exception as problem:
            raise self._refused(images, problem) from problem

    def _refused(self, images: Fields, problem: Exception) -> SpecError:
        name, (field_name, value) = self.transform.name, next(iter(images.items()))
        kind = f"{str(value.dtype).removeprefix('torch.')}{list(value.shape[1:])}"
        why = f": {(str(problem).strip() or type(problem).__name__).splitlines()[0]}"
        if isinstance(self.transform, OwnTransform):
            why = "," + own.reason(problem, self.transform.cls)
        return error("TN0703", f"`{name}` cannot be applied to `{field_name}: {kind}`{why}", self.transform.span)

    def _at_once(self, first: Tensor) -> bool:
        return self.transform.name in WHOLE and (first.ndim >= 4 or self.transform.name == "Normalize")

    def _batch(self, images: Fields, samples: np.ndarray, stream: int) -> Fields:
        height, width = next(iter(images.values())).shape[-2:]
        draws = streams.uniform(stream, samples, self.batched.draws)
        parameters = self.batched.parameters(draws, height, width)
        return {name: self.batched.apply(value, parameters) for name, value in images.items()}

    def _whole(self, images: Fields, samples: np.ndarray, stream: int) -> Fields:
        if self.transform.name == "Normalize" and next(iter(images.values())).ndim < 4:
            return {name: self._normalize_vectors(value) for name, value in images.items()}
        return self._through_torchvision(images)

    def _normalize_vectors(self, values: Tensor) -> Tensor:
        """Samples that are vectors or sequences: `mean` and `std` go along their first dim, as channels do."""
        shape = (-1, *[1] * (values.ndim - 2))
        mean, std = (torch.tensor(each, dtype=values.dtype).view(shape) for each in (self.module.mean, self.module.std))
        return (values - mean) / std

    def _each(self, images: Fields, samples: np.ndarray, stream: int) -> Fields:
        """One sample after another, the generator that torchvision draws from seeded for each."""
        with _own_generator() as generator:
            results = []
            for i, sample in enumerate(samples.tolist()):
                generator.manual_seed(streams.key(stream, "sample", sample))
                results.append(self._through_torchvision({name: value[i] for name, value in images.items()}))
        return {name: torch.stack([result[name] for result in results]) for name in images}

    def _own(self, images: Fields, samples: np.ndarray, stream: int) -> Fields:
        """One sample after another; each of its inputs meets the same draws."""
        return {name: torch.stack(list(self._mapped(value, samples, stream))) for name, value in images.items()}

    def _mapped(self, values: Tensor, samples: np.ndarray, stream: int) -> Iterator[Tensor]:
        for value, sample in zip(values, samples.tolist(), strict=True):
            with own.drawing(streams.key(stream, "sample", sample)), torch.no_grad():
                yield to_tensor(self.module(value))

    def _through_torchvision(self, images: Fields) -> Fields:
        from torchvision import tv_tensors

        wrapped = {n: tv_tensors.Image(v) if v.ndim >= 3 else v for n, v in images.items()}
        return {name: torch.as_tensor(value).as_subclass(Tensor) for name, value in self.module(wrapped).items()}


@contextmanager
def _own_generator() -> Iterator[torch.Generator]:
    """The global generator, which torchvision draws from, put back as it was at the end."""
    state = torch.get_rng_state()
    try:
        yield torch.default_generator
    finally:
        torch.set_rng_state(state)


class Pipeline:
    """`augment` or `prepare`, the step from uint8 to float in [0, 1], then `transform`.

    `dtypes` has each input of the net with its torch dtype. Images become float just before `transform`, not where
    the net's input is uint8; at the end each input gets the net's dtype.
    """

    def __init__(self, first: Stage, last: Stage, dtypes: Mapping[str, torch.dtype], images: Sequence[str], seed: int):
        self.first, self.last, self.dtypes, self.seed = first.steps(), last.steps(), dtypes, seed
        self.images = tuple(images)

    @property
    def one_by_one(self) -> bool:
        """Whether some step runs on one sample after another."""
        return any(not step.batched and step.transform.name not in WHOLE for step in [*self.first, *self.last])

    def __call__(self, fields: Fields, samples: Tensor, epoch: int) -> Fields:
        """Fields [samples, …] of the samples with these numbers, as they are in `epoch`."""
        numbers = samples.numpy()
        chosen = self.images or tuple(name for name in self.dtypes if name in fields)
        images = {name: fields[name] for name in chosen}
        for step in self.first:
            images = step(images, numbers, self.seed, epoch)
        images = {name: self._unit(name, value) for name, value in images.items()}
        for step in self.last:
            images = step(images, numbers, self.seed, epoch)
        fields = {**fields, **images}
        return {name: value.to(self.dtypes[name]) if name in self.dtypes else value for name, value in fields.items()}

    def _unit(self, name: str, value: Tensor) -> Tensor:
        """uint8 images as float in [0, 1], float images as uint8 where the net wants that."""
        from torchvision.transforms.v2 import functional

        if name not in self.images:
            return value if value.dtype == self.dtypes.get(name, value.dtype) else value.to(self.dtypes[name])
        wanted = self.dtypes.get(name, torch.float32)
        if wanted == torch.uint8 or not value.is_floating_point():
            target = torch.uint8 if wanted == torch.uint8 else torch.float32
            return functional.to_dtype(value, target, scale=True)
        return value
