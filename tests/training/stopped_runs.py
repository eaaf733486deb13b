"""Runs that are stopped at chosen steps, and what tells two runs apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small_specs import DIGITS, spec, trained

from tnet.diagnostics import SpecError
from tnet.training import checkpoints
from tnet.training.loop import Loop
from tnet.training.state import State

RULES = """
  head         { parametrize = spectral_norm; l1 = 1e-4 }
  norm         { optimizer = RMSprop(lr=1e-3, momentum=0.9); clip_norm = 1 }
  conv         { freeze = 7 steps; schedule = StepLR(4 steps); histogram = true }
  norm.weight  { freeze = 1 epoch }
}

data {"""
"""Two optimizers, a schedule of its own, parameters that thaw while it runs, vectors of a spectral norm."""

EVERYTHING = (
    DIGITS.replace("}\n\ndata {", RULES.lstrip("\n"))
    .replace("split = [0.8, 0.1, 0.1]", "split = [100, 20, 20]")
    .replace(
        "  epochs    = 1\n  batch     = 64\n",
        """  epochs     = 3
  batch      = 24
  accumulate = 2
  ema        = 0.9
  mixup      = 0.2
  clip_norm  = 1.0
  log_every  = 1
  evaluate   = 4 steps
  early_stop = Patience(9)
  checkpoint = Checkpoint(every=4 steps, best="val.accuracy")
""",
    )
)
"""Five steps an epoch, fifteen in all, the last batch of four samples, with all that keeps a state."""


class Stops:
    """The loop is asked to stop, as by a signal, in the steps `at`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.at: list[int] = []
        run, advance = Loop.run, State.advance

        def running(loop, state):
            self.stop = loop.stop
            return run(loop, state)

        def advancing(state, batches):
            advance(state, batches)
            self.stop.requested |= state.step in self.at

        monkeypatch.setattr(Loop, "run", running)
        monkeypatch.setattr(State, "advance", advancing)


def events(path: Path) -> list[dict]:
    """What was recorded, but for the time taken."""
    lines = (path / "metrics.jsonl").read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


def state_of(path: Path) -> dict:
    state = checkpoints.load(checkpoints.steps(path / "checkpoints")[-1])
    state["parts"].pop("clock")
    return state


def same(one, other) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(each, other[name]) for name, each in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def assert_same_runs(one: Path, other: Path) -> None:
    assert events(one) == events(other)
    assert same(load_file(one / "model.safetensors"), load_file(other / "model.safetensors"))
    first, second = state_of(one), state_of(other)
    first |= first.pop("parts")
    second |= second.pop("parts")
    assert first.keys() == second.keys() and [name for name in first if not same(first[name], second[name])] == []


def refused(work, code: str):
    with pytest.raises(SpecError) as caught:
        work()
    assert [each.code for each in caught.value.diagnostics] == [code], caught.value
    return caught.value.diagnostics[0]


def go_on(path: Path, text: str = EVERYTHING, overrides=None, **options):
    return spec(text, overrides).train(out=path, resume=True, **options)


def stopped_at(path: Path, stops: Stops, step: int, text: str = EVERYTHING, overrides=None, **options):
    stops.at = [step]
    run = trained(path, overrides, text, **options)
    assert run.stopped
    stops.at = []
    return run
