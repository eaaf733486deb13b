"""Cutting the samples of `train` into train, val and test: the same on every machine.

What is drawn are hashes (`streams.uniform`) put in order: they depend on the seed, not on the generator of a library.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
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
    order = _shuffled(count, seed)
    if labels is not None:
        order = order[_spread(labels[order]).argsort(stable=True)]
    bounds = torch.tensor([0, *parts]).cumsum(0).tolist()
    return [order[low:high].sort().values for low, high in zip(bounds, bounds[1:], strict=False)]


def cut_groups(groups: Sequence[Any], parts: Sequence[int], labels: Tensor | None, seed: int) -> list[Tensor]:
    """Indices of each part, ascending, no group in two: the largest groups first, each goes where the most samples of
    its classes are missing, a class's samples counting by their share of it. Without `labels`, a part is as large as
    asked for to within a group; with them, groups of mixed classes allow no such promise. A part that would get none
    gets the smallest group of another.

    The greedy rule of scikit-learn's StratifiedGroupKFold, for parts of any size:
    https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.StratifiedGroupKFold.html

    Raises ValueError where there are fewer groups than parts.
    """
    names, members = np.unique(np.array([str(each) for each in groups]), return_inverse=True)
    if len(names) < len(parts):
        raise ValueError(f"{len(names)} groups cannot be cut into {len(parts)} parts")
    sizes = np.bincount(members)
    drawn = _shuffled(len(names), seed).numpy()
    order = drawn[np.argsort(-sizes[drawn], kind="stable")]
    kinds, first, counts = _classes_of(members, labels)
    totals = np.bincount(kinds, counts)
    every = np.array([*parts, len(groups) - sum(parts)])  # what counts leave over goes nowhere
    room = every[:, None] * totals / len(groups)
    owners = np.empty(len(names), dtype=np.int64)
    for group in order:
        held = slice(first[group], first[group + 1])
        missing = room[:, kinds[held]] * (counts[held] / totals[kinds[held]])
        owners[group] = np.argmax([math.fsum(each) for each in missing])  # exact, so the same on every machine
        room[owners[group], kinds[held]] -= counts[held]
    for part in range(len(parts)):
        if part not in owners:
            richest = np.bincount(owners, minlength=len(room)).argmax()
            owners[order[owners[order] == richest][-1]] = part
    return [torch.from_numpy((owners[members] == part).nonzero()[0]) for part in range(len(parts))]


def _classes_of(members: np.ndarray, labels: Tensor | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The classes that the groups hold, one group after another, the place at which each group begins, and how many
    samples there are of each of them; without labels all samples are of one."""
    kinds = np.zeros_like(members) if labels is None else np.unique(labels.numpy(), return_inverse=True)[1]
    most = kinds.max() + 1
    pairs, counts = np.unique(members * most + kinds, return_counts=True)
    return pairs % most, np.searchsorted(pairs // most, np.arange(members.max() + 2)), counts


def _shuffled(count: int, seed: int) -> Tensor:
    """The numbers below `count` in an order that the seed draws, int64."""
    drawn = streams.uniform(streams.key(seed, "split"), np.arange(count), 1)[:, 0]
    return torch.from_numpy(np.argsort(drawn, kind="stable"))


def _spread(labels: Tensor) -> Tensor:
    """For each sample its place within its class, (rank + 1/2) / size of the class."""
    places = torch.empty(len(labels), dtype=torch.float64)
    for label in labels.unique():
        members = (labels == label).nonzero().flatten()
        places[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return places
