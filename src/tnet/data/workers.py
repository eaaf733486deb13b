"""Worker processes of a loader: what they do about signals, and what is told of one that dies."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy

import torch
from torch import Tensor

from ..diagnostics import SpecError, error
from .samples import Samples

IDLE = -1


class Left(Exception):
    """What a worker is at is not wanted any more."""


class Desk:
    """Where each worker writes which sample it is at, and reads whether it is to go on, in memory that it shares with
    the process of the run."""

    def __init__(self, samples: Samples, workers: int):
        self.samples = samples
        self.at = torch.full((workers, 2), IDLE, dtype=torch.int64)  # process, sample
        self.left = torch.zeros(1, dtype=torch.bool)
        if workers:
            self.at.share_memory_()

    def anew(self) -> Desk:
        """The desk for workers that leave by themselves."""
        desk = copy(self)
        desk.left = torch.zeros(1, dtype=torch.bool).share_memory_()
        return desk

    def leave(self) -> None:
        """The workers shall end."""
        self.left.fill_(True)

    def begin(self, number: int) -> None:
        """A worker starts. Signals that stop a run reach its whole process group; the run ends its workers itself."""
        self.at[number, 0] = os.getpid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def note(self, chunk: Tensor) -> None:
        """Samples are about to be read; in the run's own process there is nothing to do. Raises Left."""
        worker = torch.utils.data.get_worker_info()
        if worker is None:
            return
        self.at[worker.id, 1] = chunk[0]
        if self.left:
            raise Left

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Raises SpecError (TN0702), naming the sample, where a worker dies."""
        try:
            yield
        except RuntimeError as problem:
            found = re.search(r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\)(.*)", str(problem))
            if found is None:
                raise
            raise self._death({int(each) for each in found[1].split(",")}, found[2].strip(" .")) from problem

    def _death(self, processes: set[int], how: str) -> SpecError:
        samples = [sample for process, sample in self.at.tolist() if process in processes and sample != IDLE]
        place = f" at sample {', '.join(map(self._name, samples))}" if samples else ""
        advice = "a lack of memory ends workers so; `data.workers=0` reads in the run's own process"
        return error("TN0702", f"a loader worker has died{place}: it {how}", self.samples.span, help=advice)

    def _name(self, sample: int) -> str:
        return f"`{self.samples.paths[sample]}`" if self.samples.paths else str(sample)
