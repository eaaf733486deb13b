"""What a run's folder says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ...diagnostics import error
from ...training.log import read_events
from ...training.run import ABOUT, METRICS, SPEC, read_about
from ..tracks import is_number
from .record import Record, read_record

AVERAGES = ("ema", "swa")
"""Settings with which evaluations are of averaged weights."""

KINDS = {
    ("spec",): str, ("hypers",): dict, ("settings",): dict, ("versions",): dict, ("overrides",): dict,
    ("steps",): dict, ("steps", "total"): int, ("steps", "per_epoch"): int,
    ("data",): dict, ("data", "samples"): dict, ("resumed",): list,
}  # fmt: skip
"""What of `run.yaml` a page relies on, by the keys that lead to it."""


@dataclass(frozen=True)
class Facts:
    """`about` is `run.yaml`, `events` are those of `metrics.jsonl`, of which `damaged` lines could not be read, `text`
    is the spec's."""

    path: Path
    about: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    damaged: int
    record: Record
    text: str

    @property
    def spec(self) -> str:
        """The spec's name."""
        return Path(self.about["spec"]).stem or "spec"

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event["event"] == "step"]

    @property
    def evaluations(self) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event["event"] == "evaluate"]

    @property
    def histograms(self) -> list[Mapping[str, Any]]:
        """Those that rules ask for."""
        return [event for event in self.events if event["event"] == "histogram"]

    @cached_property
    def end(self) -> Mapping[str, Any] | None:
        """The last event of a run that was trained to its end."""
        return next((event for event in reversed(self.events) if event["event"] == "end"), None)

    @property
    def total(self) -> int | None:
        return (self.about.get("steps") or {}).get("total")

    @property
    def per_epoch(self) -> int | None:
        return (self.about.get("steps") or {}).get("per_epoch")

    @property
    def last_step(self) -> int:
        """The last step that is known of."""
        known = [*self.events[-1:], *self.record.evaluations[-1:]]
        return max([each["step"] for each in known] + [self.record.stopped or 0])

    @property
    def state(self) -> str:
        """`finished after 345 steps`, `stopped after step 100 of 345`"""
        of = f" of {self.total}" if self.total else ""
        if self.end:
            early = self.total is not None and self.end["step"] < self.total
            return f"{'stopped early' if early else 'finished'} after {self.end['step']} steps"
        if self.record.fault is not None:
            return f"not finished: {self.record.fault}"
        if self.record.stopped is not None:
            return f"stopped after step {self.record.stopped}{of}; `tnet train --resume` goes on"
        return f"not finished: written at step {self.last_step}{of}"

    @property
    def results(self) -> dict[str, Any]:
        """The numbers of the last evaluation and of the end, and the mean loss of the training before."""
        means = [each["train.loss"] for each in self.record.evaluations if is_number(each.get("train.loss"))]
        found = {"train.loss": means[-1]} if means else {}
        found |= {**(self.evaluations[-1] if self.evaluations else {}), **(self.end or {})}
        return {name: value for name, value in found.items() if "." in name and isinstance(value, int | float)}

    @property
    def averaged(self) -> str | None:
        """`EMA` or `SWA` where evaluations are of averaged weights."""
        settings = self.about.get("settings") or {}
        return next((name.upper() for name in AVERAGES if settings.get(name) not in (None, False, "none")), None)


def read_facts(path: Path) -> Facts:
    """What the folder of a run says. Raises SpecError (TN0902) where it is none."""
    try:
        text = (path / SPEC).read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    about = read_about(path)
    if wrong := next((".".join(keys) for keys, kind in KINDS.items() if not _is(about, keys, kind)), None):
        raise error("TN0902", f"`{path / ABOUT}` is damaged: `{wrong}` is not what a run writes")
    return facts_of(path, about, read_record(path), text)


def _is(about: Any, keys: Sequence[str], kind: type) -> bool:
    """Whether what the keys lead to is of a kind; only the spec's name has to be there."""
    for key in keys:
        about = about.get(key) if isinstance(about, Mapping) else None
    return isinstance(about, kind) or about is None and kind is not str


def facts_of(path: Path, about: Mapping[str, Any], record: Record, text: str) -> Facts:
    """The same of a run under way, of which only the events are read."""
    return Facts(path, about, *read_events(path / METRICS), record, text)
