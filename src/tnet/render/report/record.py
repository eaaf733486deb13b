"""`report.json` of a run: what its page shows that `metrics.jsonl` does not say.

evaluations    [{step, epoch, train.loss, seconds, pause}]: the mean loss since the one before, the run's seconds,
               and how many of them the evaluation took
distributions  [{step, NAME: distribution, NAME.grad: distribution}]
seen           what `training.looks` saw last, pictures as base64 of PNG
source         the generated PyTorch source; parameters, trained: how many there are
stopped        the step at which the run was stopped on request
fault          why it ended before its end, if it did by itself
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...training.files import write
from ...training.run import RECORD

MOST_DISTRIBUTIONS = 48
"""Steps whose distributions are kept; beyond, every second one is dropped."""
DIGITS = 5
"""Significant digits of numbers that are only drawn."""


@dataclass
class Record:
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    distributions: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    parameters: int = 0
    trained: int = 0
    stopped: int | None = None
    fault: str | None = None

    def add_distributions(self, step: int, found: Mapping[str, Any]) -> None:
        self.distributions.append({"step": step, **_rounded(found)})
        if len(self.distributions) > MOST_DISTRIBUTIONS:
            self.distributions = self.distributions[::2]

    def cut(self, step: int) -> None:
        """Drop what a run that goes on from a step will see again."""
        self.evaluations = [each for each in self.evaluations if each["step"] <= step]
        self.distributions = [each for each in self.distributions if each["step"] <= step]
        seen_at = self.seen.get("step")
        self.seen = self.seen if seen_at is not None and seen_at <= step else {}
        self.stopped = self.fault = None

    def write(self, folder: Path) -> None:
        """Raises SpecError (TN0902)."""
        text = json.dumps(vars(self), separators=(",", ":"))
        write(folder / RECORD, f'{{"sha256": "{sha256(text.encode()).hexdigest()}",\n{text[1:]}'.encode())


def read_record(folder: Path) -> Record:
    """The record of a run; an empty one where there is none, or it is damaged."""
    try:
        first, text = (folder / RECORD).read_text(encoding="utf-8").split("\n", 1)
        text = "{" + text
        is_whole = json.loads(f"{first[:-1]}}}")["sha256"] == sha256(text.encode()).hexdigest()
        return Record(**json.loads(text)) if is_whole else Record()
    except (OSError, ValueError, TypeError, KeyError):
        return Record()


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.{DIGITS}g}")
        case Mapping():
            return {name: _rounded(each) for name, each in value.items()}
    return value
