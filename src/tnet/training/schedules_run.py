"""Schedules at work: torch's own scheduler classes, each on a stand-in for the groups of one rate.

So a rate is what PyTorch computes, to the bit; it can be worked out without a model; and the state is a few numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.optim import Optimizer

from .schedules_stages import RATES, TimedStage


class StandIn(Optimizer):
    """An optimizer with one group and nothing to train, for a scheduler to write rates into."""

    def __init__(self, options: Mapping[str, Any]):
        super().__init__([torch.zeros(())], dict(options))
        self._opt_called = True  # what a scheduler looks for before it warns that no step was taken

    def step(self, closure: Any = None) -> None:
        """Nothing to do."""


class Track:
    """The options over time (`lr`, and `momentum` or `betas`) of the groups that start with the same ones."""

    def __init__(self, own: Mapping[str, Any], own_rate: float, stages: Sequence[TimedStage]):
        self.own = dict(own)
        self.factor = 1.0 if own["lr"] == own_rate or not own_rate else own["lr"] / own_rate
        self.stages = stages
        self.moves = 0
        self._enter(0)

    def _enter(self, number: int) -> None:
        """Start a stage: from the groups' own options, whatever was before."""
        self.number = number
        self.optimizer = StandIn(self.own)
        self.scheduler = None
        if self.stages:
            stage = self.stages[number]
            arguments = {
                name: value * self.factor if name in RATES else value for name, value in stage.arguments.items()
            }
            self.scheduler = stage.stage.cls(self.optimizer, **arguments)
            self._at_start = dict(vars(self.scheduler))

    @property
    def options(self) -> dict[str, Any]:
        group = self.optimizer.param_groups[0]
        return {name: group[name] for name in self.own}

    def move(self) -> None:
        self.moves += 1
        if self.number + 1 < len(self.stages) and self.stages[self.number + 1].start == self.moves:
            self._enter(self.number + 1)
        elif self.scheduler:
            self.scheduler.step()

    def state(self) -> dict[str, Any]:
        """What has changed since the stage's start."""
        counted = {} if self.scheduler is None else {
            name: value for name, value in vars(self.scheduler).items()
            if type(value) in (int, float) and value != self._at_start.get(name)
        }  # fmt: skip
        return {"options": self.options, "scheduler": counted}

    def load(self, moves: int, state: Mapping[str, Any]) -> None:
        self.moves = moves
        self._enter(max(0, bisect_right([stage.start for stage in self.stages], moves) - 1))
        if self.scheduler:
            vars(self.scheduler).update(state["scheduler"])
        options = {name: tuple(value) if isinstance(value, list) else value for name, value in state["options"].items()}
        self.optimizer.param_groups[0].update(options)


class Scheduler:
    """Sets the rates of an optimizer's groups, as torch's schedulers do: `step()` after each step of the optimizer.

    Args:
        optimizer: its groups' rates when the schedule begins are their own rates; its default is the optimizer's own.
        stages: in moves; none for constant rates.
        steps_per_move: optimizer steps to a move of the schedule.
        cycles_momentum: whether stages also set `momentum`, or the first of `betas`.
    """

    def __init__(
        self, optimizer: Optimizer, stages: Sequence[TimedStage], steps_per_move: int = 1, cycles_momentum: bool = False
    ):
        self.optimizer = optimizer
        self.steps_per_move = steps_per_move
        self.steps = 0
        cycled = [name for name in ("betas", "momentum") if name in optimizer.defaults][:1] if cycles_momentum else []
        tracks: dict[tuple, Track] = {}
        self._tracks: list[Track] = []
        for group in optimizer.param_groups:
            rate = float(group.setdefault("initial_lr", float(group["lr"])))
            own = {"lr": rate, **{name: group[name] for name in cycled}}
            key = tuple(own.values())
            if key not in tracks:
                tracks[key] = Track(own, float(optimizer.defaults["lr"]), stages)
            self._tracks.append(tracks[key])
        self._distinct = list(tracks.values())
        self._write()

    @property
    def base_lrs(self) -> list[float]:
        return [track.own["lr"] for track in self._tracks]

    def step(self) -> None:
        """Go on by one step of the optimizer."""
        self.steps += 1
        if self.steps % self.steps_per_move == 0:
            for track in self._distinct:
                track.move()
            self._write()

    def get_last_lr(self) -> list[float]:
        """The rate of each group for the next step of the optimizer."""
        return [track.options["lr"] for track in self._tracks]

    def state_dict(self) -> dict[str, Any]:
        """Numbers only, fit for JSON."""
        return {"steps": self.steps, "tracks": [track.state() for track in self._distinct]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; the stages may be longer or shorter than where it was saved."""
        self.steps = state["steps"]
        for track, saved in zip(self._distinct, state["tracks"], strict=True):
            track.load(self.steps // self.steps_per_move, saved)
        self._write()

    def _write(self) -> None:
        for group, track in zip(self.optimizer.param_groups, self._tracks, strict=True):
            for name, value in track.options.items():
                if isinstance(group[name], torch.Tensor):
                    group[name].fill_(value)
                else:
                    group[name] = value
