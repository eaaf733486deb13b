"""The pipelines of a data section, `augment` or `prepare` and then `transform`, on batches of samples."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from math import prod

import numpy as np
import torch
from torch import Tensor

from ..samples import IMAGE, MASK
from .choose import Transform
from .kinds import Fields, TVTensor, like, plain, wrapped
from .steps import CROPS, Step, WholeStep, step


@dataclass(frozen=True)
class Stage:
    """One of `augment`, `prepare` and `transform`: its steps, with "auto" statistics by the number of the step."""

    name: str
    transforms: tuple[Transform, ...] = ()
    statistics: Mapping[int, Mapping[str, list[float]]] = field(default_factory=dict)

    def steps(self, training: bool) -> list[Step]:
        """Those that run in training, or in evaluation."""
        return [
            step(transform, f"{self.name}.{number}", self.statistics.get(number))
            for number, transform in enumerate(self.transforms)
            if transform.training in (None, training)
        ]


class Pipeline:
    """`augment` or `prepare`, the step from uint8 to float in [0, 1], then `transform`.

    `dtypes` has each input of the net with its torch dtype, `kinds` the kind of each field that is an image, a mask or
    boxes. Images become float just before `transform`, not where the net's input is uint8; at the end each input gets
    the net's dtype, and a mask that is no input becomes int64, as the classes that losses take.
    """

    def __init__(
        self,
        first: Stage,
        last: Stage,
        dtypes: Mapping[str, torch.dtype],
        kinds: Mapping[str, str],
        seed: int,
        training: bool = False,
    ):
        self.first, self.last = first.steps(training), last.steps(training)
        self.dtypes, self.kinds, self.seed = dtypes, kinds, seed
        self.overwrites = bool(self.last) and self.last[0].transform.name == "Normalize"
        if self.overwrites:
            self.last[0].module.inplace = True

    @property
    def fixed_steps(self) -> int:
        """How many of the first steps of `augment` or `prepare` draw nothing."""
        return next((i for i, each in enumerate(self.first) if not isinstance(each, WholeStep)), len(self.first))

    def after(self, steps: int) -> Pipeline:
        """The rest, for samples that have met so many steps already."""
        rest = copy(self)
        rest.first = self.first[steps:]
        return rest

    @property
    def one_by_one(self) -> bool:
        """Whether some step runs on one sample after another."""
        return not all(each.at_once for each in [*self.first, *self.last])

    @property
    def pictures(self) -> list[str]:
        """The fields that are images."""
        return [name for name, kind in self.kinds.items() if kind == IMAGE]

    @property
    def crops(self) -> int:
        """The images that are made of one, whose predictions are to be averaged."""
        return prod(CROPS.get(each.transform.name, 1) for each in [*self.first, *self.last])

    def each_crop(self, name: str, value: Tensor) -> Tensor:
        """A field with a sample for each crop, [samples * crops, …]."""
        if self.crops == 1:
            return value
        return value.flatten(0, 1) if self.kinds.get(name) == IMAGE else value.repeat_interleave(self.crops, 0)

    def one_crop(self, fields: Fields) -> Fields:
        """The fields of a batch, of several crops the first one."""
        if self.crops == 1:
            return fields
        return {name: value[:, 0] if self.kinds.get(name) == IMAGE else value for name, value in fields.items()}

    def __call__(self, fields: Fields, samples: Tensor, epoch: int) -> Fields:
        """Fields [samples, …] of the samples with these numbers, as they are in `epoch`."""
        moving = self._run(self.first, wrapped(self._moving(fields), self.kinds), samples.numpy(), epoch)
        return self._finish(fields, moving, samples, epoch)

    def prepared(self, fields: Fields, samples: Tensor, steps: int | None = None, epoch: int = 0) -> Fields:
        """The fields after `augment` or `prepare` alone, or after so many of its steps."""
        moving = self._run(self.first[:steps], wrapped(self._moving(fields), self.kinds), samples.numpy(), epoch)
        return {**fields, **{name: plain(value) for name, value in moving.items()}}

    @property
    def in_parts(self) -> bool:
        """Whether samples can be prepared one by one, then joined, then finished together, which is faster: what boxes
        and points are relative to would be lost in between."""
        return all(each.at_once for each in self.last) and {IMAGE, MASK}.issuperset(self.kinds.values())

    def finished(self, fields: Fields, samples: Tensor, epoch: int) -> Fields:
        """Fields that are prepared, after all the rest."""
        return self._finish(fields, wrapped(self._moving(fields), self.kinds), samples, epoch)

    def _finish(self, fields: Fields, moving: Fields, samples: Tensor, epoch: int) -> Fields:
        moving = {name: self._unit(name, value) for name, value in moving.items()}
        moving = self._run(self.last, moving, samples.numpy(), epoch)
        return {name: self._as_wanted(name, value) for name, value in {**fields, **moving}.items()}

    def undone(self, image: Tensor) -> Tensor:
        """Images [..., C, H, W] of finished samples with their normalisation taken back."""
        for each in reversed(self.last):
            if each.transform.name == "Normalize":
                mean, std = (image.new_tensor(value)[:, None, None] for value in (each.module.mean, each.module.std))
                image = image * std + mean
        return image

    def _run(self, steps: list[Step], fields: Fields, numbers: np.ndarray, epoch: int) -> Fields:
        for each in steps:
            fields = each(fields, numbers, self.seed, epoch)
        return fields

    def _moving(self, fields: Fields) -> Fields:
        """What steps are given: everything where there are pictures, for boxes and labels go with them; else the
        net's inputs."""
        return {n: each for n, each in fields.items() if n in self.dtypes} if not self.kinds else dict(fields)

    def _unit(self, name: str, value: Tensor) -> Tensor:
        """uint8 images as float in [0, 1], float images as uint8 where the net wants that; `Normalize` may write over
        what comes of it."""
        from torchvision.transforms.v2 import functional

        wanted = self.dtypes.get(name)
        if self.kinds.get(name) == IMAGE:
            target = torch.uint8 if wanted == torch.uint8 else torch.float32
            if target == torch.uint8 or not value.is_floating_point():
                return like(functional.to_dtype(value, target, scale=True), value)
            return like(plain(value).clone(), value) if self.overwrites else value
        return value if wanted is None or isinstance(value, TVTensor) else value.to(wanted)

    def _as_wanted(self, name: str, value: Tensor) -> Tensor:
        if name in self.dtypes:
            return plain(value).to(self.dtypes[name])
        whole = not value.is_floating_point() and value.dtype != torch.bool
        return plain(value).long() if self.kinds.get(name) == MASK and whole else plain(value)
