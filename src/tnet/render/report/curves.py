"""The curves of one run, or of several in the same pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ...training.evaluation import RAW
from ...training.looks.distributions import evenly
from ..canvas import DASHES, SERIES, Canvas
from ..plot import Axis, Look
from ..tracks import Track, linear, scale_of, tracks_figure
from .facts import Facts

RATE, THROUGHPUT = "learning rate", "samples per second"

Points = list[tuple[float, float | None]]


@dataclass(frozen=True)
class Part:
    """A curve of a run; `rank` tells those of one quantity apart, 0 is the one that runs are compared by."""

    name: str
    points: Points
    rank: int = 0
    faint: bool = False


def curves(runs: Sequence[tuple[str, Facts]]) -> list[Canvas]:
    """A picture for each quantity that some run has: loss, metrics, penalties, learning rate, throughput."""
    axis = axis_of([facts for _, facts in runs])
    quantities = [dict(quantities_of(facts, axis)) for _, facts in runs]
    titles = dict.fromkeys(title for each in quantities for title in each)
    named = [name for name, _ in runs]
    scales = {RATE: linear, THROUGHPUT: linear}
    figures = [
        tracks_figure(title, _tracks(title, named, quantities), axis, scales.get(title, scale_of)) for title in titles
    ]
    return [each for each in figures if each]


def axis_of(runs: Iterable[Facts]) -> Axis:
    """Epochs, where all runs count them and one has come beyond the first, or steps; as far as the longest has come."""
    runs = list(runs)
    ends = [facts.last_step for facts in runs]
    if all(facts.per_epoch for facts in runs):
        epochs = max(end / facts.per_epoch for end, facts in zip(ends, runs, strict=True))
        if epochs > 1:
            return Axis(round(epochs, 2), "epochs")
    return Axis(max(1, *ends, 1), "steps")


def _tracks(title: str, names: Sequence[str], quantities: Sequence[Mapping[str, list[Part]]]) -> list[Track]:
    found = []
    for number, (name, each) in enumerate(zip(names, quantities, strict=True)):
        parts = [part for part in each.get(title, ()) if any(value is not None for _, value in part.points)]
        if len(names) == 1:
            found += [Track(part.name, part.points, Look(part.rank, 1 if part.faint else 2)) for part in parts]
            continue
        ranked = sorted((part for part in parts if not part.faint), key=lambda part: part.rank)
        for row, part in enumerate(ranked[: len(DASHES)]):
            look = Look(number % len(SERIES) + len(SERIES) * row)
            found.append(Track(f"{name}: {part.name}" if len(parts) > 1 else name, part.points, look))
    return found


def quantities_of(facts: Facts, axis: Axis) -> Iterator[tuple[str, list[Part]]]:
    place = _placer(facts, axis)
    yield "loss", list(_loss(facts, place))
    for name in dict.fromkeys(name for event in facts.evaluations for name in event):
        if name.startswith("val.") and not _is_told_elsewhere(name) and _is_drawn(facts.evaluations, name):
            own = name.removeprefix("val.")
            trained = Part("training", _points([*facts.evaluations, *facts.steps], f"train.{own}", place), 1)
            yield own, [*_validated(facts, own, place), trained]
    named = dict.fromkeys(name for event in facts.steps for name in event if name.startswith("train."))
    for name in named:
        own = name.removeprefix("train.")
        if name.startswith("train.loss.") and not any(f"val.{own}" in event for event in facts.evaluations):
            yield own, [Part("training", _points(facts.steps, name, place), 1)]
    penalties = [name for name in named if not name.startswith("train.loss")]
    if penalties:
        yield (
            "penalties",
            [
                Part(name.removeprefix("train."), _points(facts.steps, name, place), rank)
                for rank, name in enumerate(penalties)
            ],
        )
    yield RATE, list(_rates(facts, place))
    yield THROUGHPUT, [Part("training", _throughput(facts, place))]


def _placer(facts: Facts, axis: Axis) -> Callable[[int], float]:
    return (lambda step: step / facts.per_epoch) if axis.unit == "epochs" else float


def _points(events: Iterable[Mapping[str, Any]], name: str, place: Callable[[int], float]) -> Points:
    return [(place(event["step"]), event[name]) for event in events if name in event]


def _is_told_elsewhere(name: str) -> bool:
    return name == "val.loss" or name.startswith(f"{RAW}.")


def _is_drawn(events: Iterable[Mapping[str, Any]], name: str) -> bool:
    return all(isinstance(event.get(name), int | float | None) for event in events)


def _validated(facts: Facts, name: str, place: Callable[[int], float]) -> Iterator[Part]:
    """A result on validation data; where it is of averaged weights, that of the weights themselves as well."""
    said = f"validation, {facts.averaged} of the weights" if facts.averaged else "validation"
    yield Part(said, _points(facts.evaluations, f"val.{name}", place))
    yield Part("validation, the weights themselves", _points(facts.evaluations, f"{RAW}.{name}", place), 2)


def _loss(facts: Facts, place: Callable[[int], float]) -> Iterator[Part]:
    means = _points(facts.record.evaluations, "train.loss", place)
    every = (facts.about.get("settings") or {}).get("log_every")
    each = f"training, each {every} steps" if every and every != 1 else "training, each step"
    steps = _points(facts.steps, "train.loss", place)
    if len(steps) > 1 or not means:
        yield Part(each, steps, 1, faint=bool(means))
    if means:
        yield Part("training, mean before each evaluation", means, 1)
    yield from _validated(facts, "loss", place)


def _rates(facts: Facts, place: Callable[[int], float]) -> Iterator[Part]:
    """The groups' rates; those with the same curve together. Of many, as under layer decay, some are shown."""
    events = sorted(_rates_at(facts), key=lambda each: each[0])
    if len(events) < 2:
        return
    alike: dict[tuple, list[str]] = {}
    for group in dict.fromkeys(group for _, rates in events for group in rates):
        points = tuple((place(step), rates[group]) for step, rates in events if group in rates)
        alike.setdefault(points, []).append(group)
    for rank, (points, groups) in enumerate(evenly(list(alike.items()), len(SERIES))):
        yield Part("  |  ".join(groups), list(points), rank)


def _rates_at(facts: Facts) -> Iterator[tuple[int, Mapping[str, float]]]:
    """The rates at steps: what a step was done with, and, at evaluations, what the next one will be."""
    end = facts.last_step
    for event in facts.steps:
        if isinstance(event.get("lr"), Mapping):
            yield event["step"], event["lr"]
    for each in facts.record.evaluations:
        yield min(each["step"] + 1, end), each["lr"]


def _throughput(facts: Facts, place: Callable[[int], float]) -> Points:
    """Samples trained in a second from each evaluation to the next, evaluating left out."""
    batch = (facts.about.get("settings") or {}).get("batch")
    if not isinstance(batch, int):
        return []
    points: Points = []
    for before, after in pairwise(facts.record.evaluations):
        seconds = after["seconds"] - before["seconds"] - after.get("pause", 0.0)
        if seconds > 0 and after["step"] > before["step"]:
            points.append((place(after["step"]), (after["step"] - before["step"]) * batch / seconds))
    return points
