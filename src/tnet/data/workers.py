"""Worker processes of a loader: what they do about signals, and what is told of one that dies."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..diagnostics import error
from .samples import Items, Memory, Windows

IDLE = -1


class Desk:
    """Where each worker writes which sample it is at, in memory that it shares with the process of the run."""

    def __init__(self, samples: Memory | Items | Windows, workers: int):
        self.samples = samples
        self.at = torch.full((workers, 2), IDLE, dtype=torch.int64)  # process, sample
        if workers:
            self.at.share_memory_()

    def begin(self, number: int) -> None:
        """A worker starts. Signals that stop a run reach its whole process group; the run ends its workers itself."""
        self.at[number, 0] = os.getpid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def note(self, chunk: Tensor) -> None:
        """Samples are about to be read; in the run's own process there is nothing to do."""
        worker = torch.utils.data.get_worker_info()
        if worker is not None:
            self.at[worker.id, 1] = chunk[0]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Raises SpecError (TN0702), naming the sample, where a worker dies: torch says so by a RuntimeError."""
        try:
            yield
        except RuntimeError as problem:
            found = re.search(r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\)(.*)", str(problem))
            if found is None:
                raise
            dead = {int(each) for each in found[1].split(",")}
            samples = [sample for process, sample in self.at.tolist() if process in dead and sample != IDLE]
            place = f" at sample {', '.join(map(self._name, samples))}" if samples else ""
            advice = "a lack of memory ends workers so; `data.workers=0` reads in the run's own process"
            reason = found[2].strip().rstrip(".").removeprefix("is ").removeprefix("exited unexpectedly")
            message = f"a loader worker has died{place}" + (f": {reason[:1].lower()}{reason[1:]}" if reason else "")
            span = getattr(self.samples, "span", None)
            raise error("TN0702", message, span, help=advice) from problem

    def _name(self, sample: int) -> str:
        paths = getattr(self.samples, "paths", None)
        return f"`{paths[sample]}`" if paths else str(sample)
