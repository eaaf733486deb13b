"""Worker processes that make batches, the same ones in every epoch."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from signal import strsignal
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..diagnostics import Diagnostic, SpecError

PATIENCE = 5.0  # seconds in which a process has ended whose connection has

Task = tuple[Tensor, int]
"""The numbers of a batch's samples, and the epoch."""


@dataclass(frozen=True)
class Failed:
    """What comes from a worker in place of a batch: an exception with places would not survive the way, and torch would
    take a tuple apart."""

    diagnostics: tuple[Diagnostic, ...]


class Making(Dataset):
    """The batch of a task, for worker processes."""

    def __init__(self, make: Callable[[Tensor, int], Any]):
        self.make = make

    def __getitem__(self, task: Task) -> Any:
        try:
            return self.make(*task)
        except SpecError as problem:
            return Failed(problem.diagnostics)


class Pool:
    """A DataLoader whose sampler gives the tasks of the epoch under way; `begin` is run in each worker at its start."""

    def __init__(self, make: Callable[[Tensor, int], Any], begin: Callable[[int], None], options: Mapping[str, Any]):
        self.tasks: Sequence[Task] = ()
        own = torch.Generator()  # a DataLoader draws a seed for its workers, which would move the global generator
        self.loader = DataLoader(
            Making(make), batch_size=None, sampler=self, generator=own, worker_init_fn=begin,
            persistent_workers=True, **options,
        )  # fmt: skip
        self.busy = self.ends = False

    def end(self) -> None:
        """Ends the workers, who heed no signal."""
        atexit.unregister(self.end)
        running, self.loader._iterator = self.loader._iterator, None
        if running is not None:
            running._shutdown_workers()

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    def run(self, tasks: Sequence[Task]) -> Iterator[Any]:
        """What is made of the tasks, in their order. Raises SpecError where one fails."""
        self.tasks, self.busy = tasks, True
        try:
            batches = iter(self.loader)
            if not self.ends:  # before multiprocessing waits for workers that do not know of an end
                self.ends = True
                atexit.register(self.end)
            for batch in batches:
                if isinstance(batch, Failed):
                    raise SpecError(batch.diagnostics)
                yield batch
        except (OSError, EOFError) as problem:  # a connection to a worker fails before the system tells of its death
            if died := self._death():
                raise RuntimeError(died) from problem
            raise
        finally:
            self.busy = False

    def _death(self) -> str | None:
        """What torch says of a worker that has died, where one dies now."""
        workers = self.loader._iterator._workers if self.loader._iterator else []
        until = time.monotonic() + PATIENCE
        while workers and time.monotonic() < until:
            for worker in workers:
                if worker.exitcode is not None:
                    return f"DataLoader worker (pid {worker.pid}) {_ending(worker.exitcode)}"
            time.sleep(0.01)
        return None


def _ending(code: int) -> str:
    """How a process has ended, by its exit code: of a signal it is the negative number."""
    return f"exited unexpectedly with exit code {code}" if code >= 0 else f"is killed by signal: {strsignal(-code)}"
