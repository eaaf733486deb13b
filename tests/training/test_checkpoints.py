"""Checkpoints: whole or not there, free of pickle, enough to go on exactly."""

from __future__ import annotations

import errno
import json
import os
import signal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_specs import DIGITS, spec, trained

from tnet.diagnostics import SpecError
from tnet.render.report.live import Live
from tnet.training import checkpoints, files, log
from tnet.training.loop import Loop
from tnet.training.parts import assemble
from tnet.training.step import TrainStep


def refused(work, code: str) -> str:
    with pytest.raises(SpecError) as caught:
        work()
    assert [each.code for each in caught.value.diagnostics] == [code], caught.value
    return caught.value.diagnostics[0].message


scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=5)
keys = st.integers(0, 9) | st.text(max_size=5)
states = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


@given(states)
def test_a_state_is_put_together_as_it_was(state):
    plain, tensors = files.pack({"state": state, "tensor": (torch.arange(3), {5: torch.ones(2)})})
    result = files.unpack(json.loads(json.dumps(plain)), tensors)
    assert result["state"] == state and type(result["state"]) is type(state)
    assert torch.equal(result["tensor"][0], torch.arange(3)) and torch.equal(result["tensor"][1][5], torch.ones(2))


def loop_of(parts, total):
    return Loop(TrainStep(parts.forward, parts.world), parts.loaders.train, parts.world, total, [])


def test_training_goes_on_from_a_checkpoint_as_if_nothing_had_been(tmp_path):
    """Weights, optimizer, schedule, epoch, position in it: thirty steps, stopped after eleven, in another process's
    objects."""
    whole = assemble(spec(DIGITS, {"train.epochs": 2}), None, print)
    loop_of(whole, 30).run(whole.state)
    first = assemble(spec(DIGITS, {"train.epochs": 2}), None, print)
    loop_of(first, 11).run(first.state)
    path = checkpoints.save(tmp_path, first.state)
    second = assemble(spec(DIGITS, {"train.epochs": 2}), None, print)
    second.state.load_state_dict(checkpoints.load(path))
    assert (second.state.step, second.state.epoch, second.state.position) == (11, 0, 11)
    loop_of(second, 30).run(second.state)
    for name, tensor in whole.state.model.state_dict().items():
        assert torch.equal(tensor, second.state.model.state_dict()[name]), name
    assert whole.state.schedule.get_last_lr() == second.state.schedule.get_last_lr()
    assert whole.state.epoch == second.state.epoch == 1


def test_a_checkpoint_holds_no_pickle(tmp_path):
    parts = assemble(spec(), None, print)
    loop_of(parts, 2).run(parts.state)
    path = checkpoints.save(tmp_path, parts.state)
    names = {each.name for each in path.iterdir()}
    assert names == {"model.safetensors", "state.safetensors", "state.json", "manifest.json"}
    json.loads((path / "state.json").read_text())
    assert set(json.loads((path / "manifest.json").read_text())["sha256"]) == names - {"manifest.json"}


def test_a_damaged_checkpoint_is_found_out_and_passed_over(tmp_path):
    parts = assemble(spec(), None, print)
    for total in (1, 2):
        loop_of(parts, total).run(parts.state)
        checkpoints.save(tmp_path, parts.state)
    older, newer = checkpoints.steps(tmp_path)
    assert checkpoints.newest(tmp_path, print) == newer
    weights = bytearray((newer / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (newer / "model.safetensors").write_bytes(weights)
    assert "is damaged" in refused(lambda: checkpoints.load(newer), "TN0903")
    assert checkpoints.newest(tmp_path, print) == older
    (older / "state.json").unlink()
    refused(lambda: checkpoints.newest(tmp_path, print), "TN0903")


def test_only_the_newest_are_kept(tmp_path):
    run = trained(tmp_path / "run", {"train.epochs": 5, "train.checkpoint": "Checkpoint(every=3 steps, keep=3)"})
    assert [path.name for path in checkpoints.steps(run.path / "checkpoints")] == [
        "step-00000024", "step-00000027", "step-00000030",
    ]  # fmt: skip
    without = trained(tmp_path / "without", {"train.checkpoint": None})
    assert checkpoints.steps(without.path / "checkpoints") == [] and without.checkpoint is None


def failing_after(monkeypatch, count: int, code: int):
    """The disk is full, or read-only, from the `count`th flush on. The run's page, which may fail, is left out."""
    monkeypatch.setattr(Live, "_write", lambda self: None)
    flushes = iter(range(10**6))
    real = os.fsync

    def fsync(descriptor):
        if next(flushes) >= count:
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("count", [0, 10, 12, 15, 22])
def test_a_disk_that_fills_up_loses_nothing_that_was_saved(tmp_path, monkeypatch, code, count):
    """A run begins with four files, each flushed with its folder; each save writes four files and flushes two folders.
    Whatever fails, what is there can be read."""
    failing_after(monkeypatch, count, code)
    message = refused(lambda: trained(tmp_path / "run"), "TN0902")
    assert "cannot write" in message and os.strerror(code).lower() in message
    folder = tmp_path / "run" / "checkpoints"
    saved = checkpoints.steps(folder)
    for path in saved:
        checkpoints.load(path)
    assert len(saved) >= (count - 8) // 6
    assert not [path for path in (tmp_path / "run").rglob("*.tmp*")]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert "cannot make the folder" in refused(lambda: trained(tmp_path / "file" / "run"), "TN0902")


def test_metrics_that_cannot_be_written(tmp_path, monkeypatch):
    def full(path, *arguments, **keywords):
        if str(path).endswith("metrics.jsonl"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return open(path, *arguments, **keywords)

    monkeypatch.setattr(log, "open", full, raising=False)
    assert "no space left" in refused(lambda: trained(tmp_path / "run"), "TN0902")


def test_an_interrupt_stops_after_the_step_and_saves(tmp_path, monkeypatch, capsys):
    before = signal.getsignal(signal.SIGINT)
    real = log.JsonLines.__call__

    def interrupting(self, event):
        real(self, event)
        if event["event"] == "step" and event["step"] == 8:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(log.JsonLines, "__call__", interrupting)
    run = trained(tmp_path / "run", {"train.log_every": 1})
    assert run.stopped and run.checkpoint.name == "step-00000008" and signal.getsignal(signal.SIGINT) is before
    assert not (run.path / "model.safetensors").exists() and "stopped after step 8" in capsys.readouterr().err
    assert checkpoints.load(run.checkpoint)["step"] == 8
