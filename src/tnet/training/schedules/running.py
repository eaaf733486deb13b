"""Schedules at work: torch's own scheduler classes, each on a stand-in for the groups of one rate.

So a rate is what PyTorch computes, to the bit; it can be worked out without a model; and the state is a few numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ...diagnostics import error
from ...source import Span
from .catalog import MODE, RATES
from .stages import Clock, TimedFactor, TimedStage


class StandIn(Optimizer):
    """An optimizer with one group and nothing to train, for a scheduler to write rates into."""

    def __init__(self, options: Mapping[str, Any]):
        super().__init__([torch.zeros(())], dict(options))
        self._opt_called = True  # what a scheduler looks for before it warns that no step was taken

    @property
    def rate(self) -> float:
        return self.param_groups[0]["lr"]

    def step(self, closure: Any = None) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class Timeline:
    """A schedule over a run, in moves of `clock`; `maximized` names the watched results of which more is better."""

    stages: tuple[TimedStage, ...] = ()
    clock: Clock = Clock(1)
    span: Span | None = None
    maximized: frozenset[str] = frozenset()

    @property
    def cycles_momentum(self) -> bool:
        return any(factor.cycles_momentum for stage in self.stages for factor in stage.factors)

    @cached_property
    def length(self) -> int:
        """The moves of the run."""
        return self.stages[-1].start + self.stages[-1].length if self.stages else 0


class Running:
    """A factor at work in its stage, for the groups that start with the options `own`."""

    def __init__(self, factor: TimedFactor, own: Mapping[str, Any], scale: float, maximized: frozenset[str]):
        self.factor = factor
        self.optimizer = StandIn(own)
        given = {name: value * scale if name in RATES else value for name, value in factor.arguments.items()}
        if factor.monitor in maximized:
            given.setdefault(MODE, "max")
        self.scheduler: LRScheduler = factor.cls(self.optimizer, **given)
        self._at_start = dict(vars(self.scheduler))

    def move(self) -> None:
        if not self.factor.monitor:
            self.scheduler.step()

    def evaluated(self, results: Mapping[str, Any]) -> None:
        if self.factor.monitor and results.get(self.factor.monitor) is not None:
            self.scheduler.step(results[self.factor.monitor])

    def state(self) -> dict[str, Any]:
        """What has changed since the stage's start."""
        counted = {
            name: value for name, value in vars(self.scheduler).items()
            if type(value) in (int, float) and value != self._at_start.get(name)
        }  # fmt: skip
        return {"class": self.factor.cls.__name__, "options": _options(self.optimizer), "scheduler": counted}

    def load(self, state: Mapping[str, Any]) -> None:
        vars(self.scheduler).update(state["scheduler"])
        options = {name: tuple(value) if isinstance(value, list) else value for name, value in state["options"].items()}
        self.optimizer.param_groups[0].update(options)


def _options(optimizer: StandIn) -> dict[str, Any]:
    group = optimizer.param_groups[0]
    return {name: group[name] for name in optimizer.defaults}


class Track:
    """The options over time (`lr`, and `momentum` or `betas`) of the groups that start with the same ones."""

    def __init__(self, own: Mapping[str, Any], own_rate: float, timeline: Timeline):
        self.own = dict(own)
        self.scale = 1.0 if own["lr"] == own_rate or not own_rate else own["lr"] / own_rate
        self.timeline = timeline
        self.moves = 0
        self._enter(0)

    def _enter(self, number: int) -> None:
        """Start a stage: from the groups' own options, whatever was before."""
        self.number = number
        stages, maximized = self.timeline.stages, self.timeline.maximized
        factors = stages[number].factors if stages else ()
        self.running = [Running(factor, self.own, self.scale, maximized) for factor in factors]
        self._combine()

    def _combine(self) -> None:
        """The product of the factors' rates over the groups' own; the momentum of the one that cycles it."""
        self.options = dict(self.own)
        for number, each in enumerate(self.running):
            own, rate = self.own["lr"], each.optimizer.rate
            if number == 0:
                self.options["lr"] = rate
            else:
                self.options["lr"] *= rate / own if own else 0.0
            if each.factor.cycles_momentum:
                self.options |= {name: value for name, value in _options(each.optimizer).items() if name != "lr"}
        if not (self.options["lr"] >= 0 and isfinite(self.options["lr"])) and self.moves < self.timeline.length:
            at = self.timeline.clock.names(self.moves)
            place = f"step {at['step']} (epoch {at['epoch']:.6g})"
            message = f"the schedule leads to the learning rate {self.options['lr']:g} at {place}"
            raise error("TN0802", message, self.timeline.span)

    def move(self) -> None:
        self.moves += 1
        stages = self.timeline.stages
        if self.number + 1 < len(stages) and stages[self.number + 1].start == self.moves:
            self._enter(self.number + 1)
            return
        for each in self.running:
            each.move()
        self._combine()

    def evaluated(self, results: Mapping[str, Any]) -> None:
        for each in self.running:
            each.evaluated(results)
        self._combine()

    @property
    def stage(self) -> str:
        """The name of the stage under way."""
        return self.timeline.stages[self.number].name if self.timeline.stages else ""

    def state(self) -> list[dict[str, Any]]:
        return [each.state() for each in self.running]

    def load(self, moves: int, state: Sequence[Mapping[str, Any]]) -> None:
        self.moves = moves
        self._enter(max(0, bisect_right([stage.start for stage in self.timeline.stages], moves) - 1))
        if [each.factor.cls.__name__ for each in self.running] == [saved["class"] for saved in state]:
            for each, saved in zip(self.running, state, strict=True):
                each.load(saved)
        else:  # another schedule than where it was saved: as if it had been there from the start
            for _ in range(moves - self.timeline.stages[self.number].start if self.running else 0):
                for each in self.running:
                    each.move()
        self._combine()


class Scheduler:
    """Sets the rates of an optimizer's groups, as torch's schedulers do: `step()` after each step of the optimizer,
    `evaluated(results)` after each evaluation.

    Args:
        optimizer: a torch optimizer, or one object over several `.optimizers`. Its groups' rates when the schedule
            begins are their own rates; the default of a group's optimizer is the optimizer's own.
        timeline: the schedule of the groups; without stages, constant rates.
        others: other schedules, by the name of the group.
    """

    def __init__(self, optimizer: Optimizer, timeline: Timeline, others: Mapping[str, Timeline] | None = None):
        self.optimizer = optimizer
        self.steps = 0
        tracks: dict[tuple, Track] = {}
        self._tracks: list[Track] = []
        for each in getattr(optimizer, "optimizers", [optimizer]):
            for group in each.param_groups:
                line = (others or {}).get(group.get("name"), timeline)
                own, own_rate = _own_options(each, group, line.cycles_momentum), float(each.defaults["lr"])
                key = (*own.values(), own_rate, id(line))
                if key not in tracks:
                    tracks[key] = Track(own, own_rate, line)
                self._tracks.append(tracks[key])
        self._distinct = list(tracks.values())
        self._write()

    @property
    def base_lrs(self) -> list[float]:
        return [track.own["lr"] for track in self._tracks]

    def step(self) -> None:
        """Go on by one step of the optimizer."""
        self.steps += 1
        for track in self._distinct:
            if self.steps % track.timeline.clock.steps_per_move == 0:
                track.move()
        self._write()

    def evaluated(self, results: Mapping[str, Any]) -> None:
        """An evaluation is done: schedules that watch one of its results (`val.loss`) may change the rates."""
        for track in self._distinct:
            track.evaluated(results)
        self._write()

    def get_last_lr(self) -> list[float]:
        """The rate of each group for the next step of the optimizer."""
        return [track.options["lr"] for track in self._tracks]

    def stages(self) -> list[str]:
        """The names of the stages under way, a schedule each."""
        lines = {id(track.timeline): track.stage for track in self._distinct}
        return list(lines.values())

    def state_dict(self) -> dict[str, Any]:
        """Numbers only, fit for JSON."""
        return {"steps": self.steps, "tracks": [track.state() for track in self._distinct]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; the stages may be longer or shorter than where it was saved."""
        self.steps = state["steps"]
        for track, saved in zip(self._distinct, state["tracks"], strict=True):
            track.load(self.steps // track.timeline.clock.steps_per_move, saved)
        self._write()

    def _write(self) -> None:
        for group, track in zip(_groups(self.optimizer), self._tracks, strict=True):
            for name, value in track.options.items():
                if isinstance(group[name], torch.Tensor):
                    group[name].fill_(value)
                else:
                    group[name] = value


def _groups(optimizer: Optimizer) -> Iterable[dict[str, Any]]:
    return (group for each in getattr(optimizer, "optimizers", [optimizer]) for group in each.param_groups)


def _own_options(optimizer: Optimizer, group: dict[str, Any], cycles_momentum: bool) -> dict[str, Any]:
    """What a schedule may change in a group, as it is before it begins."""
    cycled = [name for name in ("betas", "momentum") if name in optimizer.defaults][:1] if cycles_momentum else []
    rate = float(group.setdefault("initial_lr", float(group["lr"])))
    return {"lr": rate, **{name: group[name] for name in cycled}}
