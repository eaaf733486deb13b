"""`views = 2`: several augmentations of a sample fill the net's inputs in order, as contrastive learning has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from .. import streams
from .pipeline import Fields, Pipeline


class Views(Pipeline):
    """The pipeline of the first of the `names`, and one with draws of its own for each of the others."""

    def __init__(self, names: Sequence[str], *stages: Any, seed: int, **options: Any):
        super().__init__(*stages, seed=seed, **options)
        self.source = names[0]
        self.others: Mapping[str, Pipeline] = {
            name: Pipeline(*stages, seed=streams.key(seed, "view", number), **options)
            for number, name in enumerate(names[1:], 1)
        }

    in_parts = False

    @property
    def pictures(self) -> list[str]:
        return [*super().pictures, *self.others]

    in_parts = False
    """Each view is finished with what it was prepared as."""

    def after(self, steps: int) -> Pipeline:
        rest = super().after(steps)
        rest.others = {name: each.after(steps) for name, each in self.others.items()}
        return rest

    def __call__(self, fields: Fields, samples: Tensor, epoch: int) -> Fields:
        """The fields of the samples with these numbers, and further views of the first input."""
        taken = {self.source: fields[self.source]}
        views = {name: pipeline(taken, samples, epoch)[self.source] for name, pipeline in self.others.items()}
        return super().__call__(fields, samples, epoch) | views
