"""Cutting the samples of `train` into train, val and test."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from . import streams


def sizes(count: int, split: Sequence[int | float]) -> list[int]:
    """The samples in each part: counts as they are; shares by largest remainder, so that they sum to `count`."""
    if all(isinstance(part, int) for part in split):
        return list(split)
    exact = [share * count for share in split]
    floors = [math.floor(size + 1e-9) for size in exact]
    by_remainder = sorted(range(len(split)), key=lambda i: floors[i] - exact[i])
    for i in by_remainder[: count - sum(floors)]:
        floors[i] += 1
    return floors


def cut(count: int, parts: Sequence[int], labels: Tensor | None, seed: int) -> list[Tensor]:
    """Indices of each part, ascending; stratified where there are `labels` (int64 of shape [count]).

    Stratified: the members of each class, shuffled, are spread evenly over [0, 1), and the parts are cut from that
    order, so that each part holds its share of each class to within one sample.
    """
    order = streams.permutation(streams.key(seed, "split"), count)
    if labels is not None:
        order = order[_spread(labels[order]).argsort(stable=True)]
    bounds = torch.tensor([0, *parts]).cumsum(0).tolist()
    return [order[low:high].sort().values for low, high in zip(bounds, bounds[1:], strict=False)]


def _spread(labels: Tensor) -> Tensor:
    """For each sample its place within its class, (rank + 1/2) / size of the class."""
    places = torch.empty(len(labels), dtype=torch.float64)
    for label in labels.unique():
        members = (labels == label).nonzero().flatten()
        places[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return places
