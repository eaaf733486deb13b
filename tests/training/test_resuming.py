"""A run that stopped and went on is, to the bit, the run that never stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from small_specs import DIGITS, spec, trained

from tnet.diagnostics import SpecError
from tnet.spec import Spec
from tnet.training import checkpoints
from tnet.training.loop import Loop
from tnet.training.parts import assemble
from tnet.training.resuming import Earlier
from tnet.training.sitting import sitting
from tnet.training.state import State

EVERYTHING = DIGITS.replace("split = [0.8, 0.1, 0.1]", "split = [100, 20, 20]").replace(
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
"""Five steps an epoch, fifteen in all, the last batch of four samples, with all that keeps a state."""


@pytest.fixture(autouse=True)
def small_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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


@pytest.fixture
def stops(monkeypatch):
    return Stops(monkeypatch)


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


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that never stopped."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run = trained(tmp_path_factory.mktemp("whole") / "run", text=EVERYTHING)
    torch.set_num_threads(threads)
    return run


def test_a_run_that_stops_after_each_step_is_the_run_that_never_stopped(tmp_path, whole, stops, capsys):
    """R4: weights, average, optimizer, schedule, early stopping, order of samples, random states, what is recorded."""
    stops.at = list(range(1, 15))
    run = trained(tmp_path / "run", text=EVERYTHING)
    while run.stopped:
        said = capsys.readouterr().err
        assert f"stopped after step {run.checkpoint.name[-2:].lstrip('0')}, which is saved" in said
        run = go_on(tmp_path / "run")
    assert_same_runs(whole.path, run.path)
    assert run.metrics | {"seconds": 0} == whole.metrics | {"seconds": 0}
    assert run.checkpoint.name == whole.checkpoint.name
    about = yaml.safe_load((run.path / "run.yaml").read_text())
    assert [each["step"] for each in about["resumed"]] == list(range(1, 15))


NOT_STATE = {
    "built": "metrics, reset before each evaluation",
    "started": "when this sitting began",
    "before": "seconds of the sittings before",
    "losses": "the state has those of them that count",
    "_sample_bytes": "measured when first needed",
    "_last_lr": "written by torch's schedulers, read by none of them",
}
"""Attributes that differ and are not saved as they are, with the reason."""
LEAVES = (bool, int, float, str, type(None), torch.dtype, torch.device, Path)


def mutable(value, path: str, found: dict, seen: set[int]) -> dict:
    """Every number, text and tensor that can be reached from an object, by its path."""
    if isinstance(value, LEAVES) or isinstance(value, torch.Tensor):
        found[path] = value
    elif id(value) in seen:
        pass
    elif isinstance(value, dict):
        keep = seen | {id(value)}
        for name, each in value.items():
            name = name if isinstance(name, str | int | tuple) else "key"
            mutable(each, f"{path}[{name!r}]", found, keep)
    elif isinstance(value, list | tuple | set):
        for number, each in enumerate(value):
            mutable(each, f"{path}[{number}]", found, seen | {id(value)})
    elif hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value) | isinstance(value, Spec):
        for name in vars(value).keys() - NOT_STATE.keys():
            mutable(vars(value)[name], f"{path}.{name}", found, seen | {id(value)})
    elif isinstance(value, torch.nn.Module):
        mutable(vars(value), path, found, seen | {id(value)})
    return found


def lacking(tmp_path: Path, change=lambda here: None) -> list[str]:
    """What is different between a run after six steps and one that is restored from its checkpoint."""
    source = spec(EVERYTHING)
    first = sitting(assemble(source, None, print), tmp_path)
    (tmp_path / "checkpoints").mkdir(exist_ok=True)
    first.loop.total_steps = 6
    change(first)
    first.loop.run(first.parts.state)
    path = first.saver.save(first.parts.state)
    earlier = Earlier(tmp_path, {"data": {"statistics": None}}, source, checkpoint=path)
    second = sitting(assemble(source, None, print), tmp_path, earlier)
    second.loop.total_steps = 6
    pair = [mutable(each, "", {}, set()) for each in (first, second)]
    return sorted(name for name in pair[0].keys() | pair[1].keys() if not same(*(each.get(name) for each in pair)))


def test_whatever_changes_is_in_the_state(tmp_path):
    assert lacking(tmp_path) == []


def test_what_the_state_lacks_is_noticed(tmp_path):
    def forget(here):
        here.loop.hooks[-1].steps = []
        here.loop.step.after_update.append(lambda state: here.loop.hooks[-1].steps.append(state.step))

    assert any("steps" in name for name in lacking(tmp_path, forget))
