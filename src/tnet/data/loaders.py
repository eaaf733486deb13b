"""Batches of a part of the data. What a sample is like depends on the seed, the epoch and its number alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ..diagnostics import SpecError, error
from . import streams
from .kept import Kept, cores, keepable
from .padding import Padding
from .pool import Pool
from .samples import Samples, join, same_fields, same_sizes
from .transforms.pipeline import Fields, Pipeline
from .workers import Desk

BLOCK = 8 * 2**20  # bytes of samples that are transformed at once
MOST_WORKERS = 8
PAYS_FROM = 1000  # samples of a part from which starting workers costs less than it saves


@dataclass(frozen=True)
class Working:
    """How batches are made: worker processes, pinned memory, batches that each worker is ahead, and whether samples are
    kept in memory once they are decoded. "auto" decides here."""

    workers: int | str = "auto"
    pin_memory: bool | str = "auto"
    prefetch: int | str = "auto"
    cache: bool | str = "auto"

    def keeps(self, kept: Kept, room: int) -> bool:
        """Whether samples are kept, for which there are `room` bytes; workers that are asked for read themselves."""
        if not keepable(kept.samples):
            return False
        return self.workers in ("auto", 0) and kept.size() <= room if self.cache == "auto" else self.cache

    def options(self, one_by_one: bool, count: int, device: str) -> dict[str, Any]:
        """Options for a DataLoader. Where batches are indexed and transformed as a whole, workers would only cost."""
        automatic = min(MOST_WORKERS, max(1, cores() - 1)) if one_by_one and count >= PAYS_FROM else 0
        workers = automatic if self.workers == "auto" else self.workers
        pin = device.startswith("cuda") if self.pin_memory == "auto" else self.pin_memory
        ahead = {"prefetch_factor": 2 if self.prefetch == "auto" else self.prefetch} if workers else {}
        return {"num_workers": workers, "pin_memory": pin, **ahead}


def batches(count: int, size: int, skip_single: bool) -> int:
    """The batches of an epoch: the last, smaller one counts, but one of a single sample where it is skipped."""
    whole, rest = divmod(count, size)
    return whole + (rest > (1 if skip_single and whole else 0))


class Loader:
    """Batches of named fields, as a DataLoader gives them: `len()` is the number of batches, iterating is one epoch.

    Each iteration is the next epoch; `epoch(number, start)` gives a certain one, from batch `start` on. With a `seed`
    the order is drawn anew for each epoch; without, samples come in order and are always as in epoch 0. `skipped` has
    the samples that could not be read so far, where they are skipped, with what is wrong with each.
    """

    def __init__(
        self,
        samples: Samples,
        indices: Tensor,
        pipeline: Pipeline,
        batch_size: int,
        seed: int | None = None,
        skip_single: bool = False,
        options: Mapping[str, Any] | None = None,
        padding: Padding | None = None,
    ):
        self.samples, self.indices, self.pipeline = samples, indices, pipeline
        self.batch_size, self.seed, self.skip_single = batch_size, seed, skip_single
        self.options = dict(options or {})
        self.desk = Desk(samples, self.options.get("num_workers", 0))
        self.padding = padding
        self.skipped: dict[int, str] = {}
        self.next_epoch = 0
        self.pool: Pool | None = None

    @property
    def count(self) -> int:
        """The samples of this part."""
        return len(self.indices)

    @property
    def labels(self) -> Tensor | None:
        """The classes of this part's samples, int64, in order."""
        return None if self.samples.labels is None else self.samples.labels[self.indices]

    def __len__(self) -> int:
        return batches(self.count, self.batch_size, self.skip_single)

    def __iter__(self) -> Iterator[Fields]:
        number, self.next_epoch = self.next_epoch, self.next_epoch + 1
        return self.epoch(number)

    def chunks(self, epoch: int) -> list[Tensor]:
        """The numbers of the samples of each batch."""
        order = self.indices
        if self.seed is not None:
            order = self.samples.order(order, streams.key(self.seed, "order", epoch))
        return list(order.split(self.batch_size))[: len(self)]

    def epoch(self, number: int, start: int = 0) -> Iterator[Fields]:
        number = number if self.seed is not None else 0
        chunks = self.chunks(number)[start:]
        self.samples.fill()
        if self.options.get("num_workers"):
            yield from self._by_workers(chunks, number)
            return
        if self.samples.uniform and chunks:
            yield from self._from_memory(chunks, number)
            return
        for chunk in chunks:
            if fields := self.batch(chunk, number):
                yield self._pinned(fields)

    def _from_memory(self, chunks: Sequence[Tensor], epoch: int) -> Iterator[Fields]:
        """Batches of samples in memory: as many as fit in `BLOCK` bytes are made at once."""
        before, after = self._batch_bytes
        if not self._in_parts:
            for block in _runs(chunks, BLOCK // max(before, after)):
                yield from map(self._pinned, _split(self.make(torch.cat(block), epoch), block))
            return
        for block in _runs(chunks, BLOCK // before):
            pieces = [torch.cat(piece) for piece in _runs(block, BLOCK // after)]
            prepared = self._prepared(torch.cat(block), epoch)
            for piece, fields in zip(pieces, _split(prepared, pieces), strict=True):
                fields = self.pipeline.finished(fields, piece, epoch)
                yield from map(self._pinned, _split(fields, piece.split(self.batch_size)))

    def batch(self, chunk: Tensor, epoch: int) -> Fields:
        """A batch of these samples; empty where none can be read and this is evaluation, which can go without."""
        return self.make(chunk, epoch) if self.seed is not None else self.some(chunk, epoch)

    def make(self, chunk: Tensor, epoch: int) -> Fields:
        """The fields of these samples as they are in this epoch; where none of them can be read and that may be, the
        first one after them that can."""
        if self.samples.uniform:
            fields = self._made(chunk, epoch)
            return self.padding([fields]) if self.padding else fields
        after = torch.searchsorted(self.indices, chunk[-1:]) + 1
        rest = self.indices.roll(-int(after)).split(1) if self.samples.tolerant else ()
        for each in (chunk, *rest):
            if fields := self.some(each, epoch):
                return fields
        raise error("TN0702", "none of the samples can be read", self.samples.span)

    def some(self, chunk: Tensor, epoch: int) -> Fields:
        """The fields of those of the samples that can be read; empty where none can."""
        if self.samples.uniform:
            return self.make(chunk, epoch)
        parts = self._in_parts
        read = [(one, fields) for one in chunk.split(1) if (fields := self._unless_bad(one, epoch, parts))]
        made = [fields for _, fields in read]
        if made and parts:
            return self._finished(read, epoch)
        if not made or not self.padding:
            return join(made, self.samples.span) if made else {}
        for each in made:
            same_fields(each, made[0], self.samples.span)
        return self.padding(made)

    def _finished(self, read: Sequence[tuple[Tensor, Fields]], epoch: int) -> Fields:
        """A batch of samples, each with its number and after the steps that draw nothing: at once from there on where
        these have brought them to one size."""
        rest, span = self.pipeline.after(self.pipeline.fixed_steps), self.samples.span
        numbers = torch.cat([one for one, _ in read])
        if same_sizes([fields for _, fields in read]):
            return rest(join([fields for _, fields in read], span), numbers, epoch)
        prepared = [rest.prepared(fields, one, None, epoch) for one, fields in read]
        return rest.finished(join(prepared, span), numbers, epoch)

    def _unless_bad(self, one: Tensor, epoch: int, parts: bool) -> Fields | None:
        try:
            return self._prepared(one, epoch, self.pipeline.fixed_steps) if parts else self._made(one, epoch)
        except SpecError as problem:
            if not self.samples.tolerant or any(each.code != "TN0702" for each in problem.diagnostics):
                raise
            self.skipped.setdefault(int(one), problem.diagnostics[0].message)
            return None

    def _made(self, chunk: Tensor, epoch: int) -> Fields:
        """The fields of samples of one size."""
        return self.pipeline(self._read(chunk, epoch), chunk, epoch)

    def _prepared(self, chunk: Tensor, epoch: int, steps: int | None = None) -> Fields:
        """The same after `augment` or `prepare` alone, or after so many of its steps."""
        return self.pipeline.prepared(self._read(chunk, epoch), chunk, steps, epoch)

    def _read(self, chunk: Tensor, epoch: int) -> Fields:
        self.desk.note(chunk)
        return self.samples.read(chunk, None if self.seed is None else streams.key(self.seed, "read", epoch))

    @cached_property
    def _batch_bytes(self) -> tuple[int, int]:
        """The bytes of a batch of samples in memory, before `transform` and after it."""
        one = self.indices[:1]
        prepared = self._prepared(one, 0) if self._in_parts else self.samples.read(one)
        sizes = (sum(value.nbytes for value in fields.values()) for fields in (prepared, self.make(one, 0)))
        return tuple(self.batch_size * max(1, size) for size in sizes)

    @property
    def _in_parts(self) -> bool:
        return self.pipeline.in_parts and not self.padding

    def _pinned(self, fields: Fields) -> Fields:
        return {n: value.pin_memory() for n, value in fields.items()} if self.options.get("pin_memory") else fields

    def _by_workers(self, chunks: Sequence[Tensor], epoch: int) -> Iterator[Fields]:
        """The workers of the last epoch go on, unless that is still under way."""
        if self.pool is None or self.pool.busy:
            own = copy(self)  # which does not lead to the pool, so that this loader is not kept by its workers
            own.desk = self.desk.anew()
            self.pool = Pool(own._in_worker, own.desk, self.options)
        pool = self.pool
        try:
            for batch in pool.run([(chunk, epoch) for chunk in chunks]):
                self.skipped = batch.skipped | self.skipped
                if batch.fields:
                    yield batch.fields
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Ends the workers; they start anew where another epoch is asked for."""
        pool, self.pool = self.pool, None
        if pool is not None:
            pool.end()

    def _in_worker(self, chunk: Tensor, epoch: int) -> Batch:
        return Batch(self.batch(chunk, epoch), dict(self.skipped))

    def __getstate__(self) -> dict[str, Any]:
        """A copy, as workers have it, has no workers of its own."""
        return {**self.__dict__, "pool": None}


def _runs(chunks: Sequence[Tensor], most: int) -> Iterator[Sequence[Tensor]]:
    """The chunks in runs of at most so many, but at least one."""
    size = max(1, most)
    return (chunks[start : start + size] for start in range(0, len(chunks), size))


def _split(fields: Fields, chunks: Sequence[Tensor]) -> Iterator[Fields]:
    """Fields of many samples, with those of each chunk by themselves."""
    sizes = [len(chunk) for chunk in chunks]
    pieces = {name: value.split(sizes) for name, value in fields.items()}
    return ({name: parts[number] for name, parts in pieces.items()} for number in range(len(sizes)))


@dataclass(frozen=True)
class Batch:
    """A batch from a worker, with all samples that the worker has skipped so far."""

    fields: Fields
    skipped: dict[int, str]

    def pin_memory(self) -> Batch:
        """Called by the DataLoader."""
        return Batch({name: value.pin_memory() for name, value in self.fields.items()}, self.skipped)


@dataclass
class Loaders:
    """The parts of the data; `val` and `test` are None where there is none.

    `statistics` has what "auto" gave, by the number of the step of `transform`; `notes` are lines to be printed;
    `split` has the numbers of the samples of each part that was cut from `train`, `encoding` what a run keeps of how
    the columns of a table became tensors.
    """

    train: Loader
    val: Loader | None = None
    test: Loader | None = None
    classes: Sequence[str] | None = None
    statistics: Mapping[int, Mapping[str, list[float]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    split: Mapping[str, Tensor] = field(default_factory=dict)
    encoding: Mapping[str, Any] | None = None

    def close(self) -> None:
        """Ends all workers."""
        for loader in self.parts.values():
            loader.close()

    @property
    def parts(self) -> dict[str, Loader]:
        every = {"train": self.train, "val": self.val, "test": self.test}
        return {name: loader for name, loader in every.items() if loader is not None}
