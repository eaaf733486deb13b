"""`profile = Profile(steps=10)`: what a few steps spend their time on, as a trace for Chrome and as a table.

Source: https://docs.pytorch.org/docs/stable/profiler.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from ..diagnostics import error
from ..source import Span
from .choices import ProfileChoice
from .files import cannot, write
from .hooks import Hook, Results
from .state import State

TRACE, TABLE = "trace.json", "profile.txt"
ROWS = 15


class Profiling(Hook):
    """Records `choice.steps` whole steps, with all that the loop does in between, after `choice.skip` of a sitting, in
    which code is compiled and memory found. Leaves `trace.json` and `profile.txt` in the run's folder, and tells the
    table."""

    def __init__(self, choice: ProfileChoice, folder: Path, device: torch.device, say: Callable[[str], None]):
        self.choice, self.folder, self.device, self.say = choice, folder, device, say
        self.count, self.recorder = 0, None

    def after_step(self, state: State, loss: Tensor) -> None:
        self.count += 1
        if self.count == self.choice.skip:
            activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if self.device.type == "cuda" else [])]
            kept = {"profile_memory": self.choice.memory, "record_shapes": self.choice.shapes}
            self.recorder = profile(activities=activities, **kept)
            self.recorder.start()
        elif self.count == self.choice.skip + self.choice.steps:
            self._write()

    def ended(self, state: State, results: Results) -> None:
        """A run that is stopped before leaves what there is."""
        self._write()

    def _write(self) -> None:
        if self.recorder is None:
            return
        recorder, self.recorder = self.recorder, None
        recorder.stop()
        by = f"self_{'cuda' if self.device.type == 'cuda' else 'cpu'}_time_total"
        found = recorder.key_averages(group_by_input_shape=self.choice.shapes)
        write(self.folder / TABLE, found.table(sort_by=by, row_limit=-1).encode())
        try:
            recorder.export_chrome_trace(str(self.folder / TRACE))
        except OSError as problem:
            raise cannot("write", self.folder / TRACE, problem) from problem
        self.say(found.table(sort_by=by, row_limit=ROWS, max_name_column_width=48))
        self.say(f"profile: {TRACE} (for chrome://tracing or Perfetto) and {TABLE} in {self.folder}")


def check_length(choice: ProfileChoice, total_steps: int, span: Span | None) -> None:
    """Raises SpecError (TN0803) for a run that is over before the steps to be recorded are."""
    if choice.skip + choice.steps > total_steps:
        message = f"{choice.steps} steps are to be recorded after the first {choice.skip}, the run has {total_steps}"
        raise error("TN0803", message, span)


def profiling(choice: ProfileChoice | None, *arguments: Any) -> list[Hook]:
    return [Profiling(choice, *arguments)] if choice else []
