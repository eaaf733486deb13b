"""Samples that fit in memory: each is read and decoded once, and kept as tensors, uint8 where the source has bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from .samples import Samples, same_sizes
from .transforms.pipeline import Fields, Pipeline

SHARE = 4
"""What is kept takes at most one part in so many of the memory that is free."""
PROBES = 8


class Kept(Samples):
    """The samples with numbers `indices`, after those first steps of a pipeline that draw nothing."""

    def __init__(self, samples: Samples, indices: Tensor, pipeline: Pipeline):
        self.samples, self.indices, self.pipeline = samples, indices, pipeline
        self.steps = pipeline.fixed_steps
        self.kinds, self.classes, self.span, self.paths = samples.kinds, samples.classes, samples.span, samples.paths
        self.rows = torch.full((len(samples),), -1)
        self.rows[indices] = torch.arange(len(indices))
        self.store: Fields | list[Fields] | None = None

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def fields(self) -> tuple[str, ...]:
        return self.samples.fields

    @property
    def labels(self) -> Tensor | None:
        return self.samples.labels

    def order(self, indices: Tensor, stream: int) -> Tensor:
        return self.samples.order(indices, stream)

    def content(self, indices: Tensor) -> str | None:
        return self.samples.content(indices)

    @property
    def uniform(self) -> bool:
        """Whether all have been read and have one size after the steps."""
        return isinstance(self.store, Mapping)

    def read(self, indices: Tensor, stream: int | None = None) -> Fields:
        if self.store is None:
            return self._made(indices)
        rows = self.rows[indices]
        if isinstance(self.store, Mapping):
            return {name: value.index_select(0, rows) for name, value in self.store.items()}
        return {name: value.clone() for name, value in self.store[int(rows)].items()}

    def size(self) -> int:
        """The bytes that all of them take, by a few of them."""
        probes = self.indices[torch.linspace(0, len(self.indices) - 1, min(PROBES, len(self.indices))).long()]
        bytes_of = [sum(value.nbytes for value in self._made(number).values()) for number in probes.split(1)]
        return sum(bytes_of) * len(self.indices) // len(probes)

    def _made(self, number: Tensor) -> Fields:
        return self.pipeline.prepared(self.samples.read(number), number, self.steps)

    def fill(self) -> None:
        """Reads them all, by several threads: as tensors with samples along dim 0, or a list where sizes differ."""
        if self.store is not None:
            return
        state = torch.get_rng_state()
        with ThreadPoolExecutor(cores()) as threads:
            every = list(threads.map(self._made, self.indices.split(1)))
        torch.set_rng_state(state)  # some transforms seed the global generator, whichever thread they run in
        self.store = {n: torch.cat([one[n] for one in every]) for n in every[0]} if same_sizes(every) else every


def keepable(samples: Samples) -> bool:
    """Whether reading a sample again would give the same, and costs more than a look into memory."""
    return not (samples.uniform or samples.ordered or samples.draws or samples.by_stream or samples.tolerant)


def free_memory() -> int:
    """The bytes that may be kept."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            found = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return found // SHARE


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
