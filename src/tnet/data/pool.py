"""Worker processes that make batches, the same ones in every epoch."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from signal import strsignal
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..diagnostics import Diagnostic, SpecError
from .workers import Desk, Left

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
        except Left:
            return Failed(())


class Tasks:
    """A sampler that gives the tasks of the epoch under way. What torch keeps of it does not lead back to the pool, so
    that a pool which nobody has any more is gone, and its workers with it."""

    def __init__(self) -> None:
        self.now: Sequence[Task] = ()

    def __iter__(self) -> Iterator[Task]:
        return iter(self.now)

    def __len__(self) -> int:
        return len(self.now)


class Pool:
    """Workers that make batches by `make`, each with a place at the `desk`. They end with the pool."""

    def __init__(self, make: Callable[[Tensor, int], Any], desk: Desk, options: Mapping[str, Any]):
        self.tasks, self.desk = Tasks(), desk
        own = torch.Generator()  # a DataLoader draws a seed for its workers, which would move the global generator
        self.loader = DataLoader(
            Making(make), batch_size=None, sampler=self.tasks, generator=own, worker_init_fn=desk.begin,
            persistent_workers=True, **options,
        )  # fmt: skip
        self.busy = False
        RUNNING.add(self)

    def run(self, tasks: Sequence[Task]) -> Iterator[Any]:
        """What is made of the tasks, in their order. Raises SpecError where one fails."""
        self.tasks.now, self.busy = tasks, True
        try:
            for batch in self.loader:
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

    def end(self) -> None:
        """Ends the workers, who heed no signal, after the samples that they are at; one that hangs is killed."""
        running, self.loader._iterator = self.loader._iterator, None
        if running is not None:
            self.desk.leave()
            running._shutdown_workers()
            for worker in running._workers:
                worker.kill()

    __del__ = end


def _ending(code: int) -> str:
    """How a process has ended, by its exit code: of a signal it is the negative number."""
    return f"exited unexpectedly with exit code {code}" if code >= 0 else f"is killed by signal: {strsignal(-code)}"


RUNNING: WeakSet[Pool] = WeakSet()


@atexit.register  # after torch's own and that of multiprocessing, which waits for workers: so it runs before these
def end_all() -> None:
    """Ends all workers that there are."""
    for pool in list(RUNNING):
        pool.end()
