"""Signals, kills and faults: what was good stays, and the message says what happened."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch
from kills import killed
from small_specs import IRIS, spec, trained

from tnet.data.items import Items
from tnet.diagnostics import SpecError
from tnet.training import checkpoints, load_run, log
from tnet.training.locks import LOCK, held


def refused(work, code: str):
    with pytest.raises(SpecError) as caught:
        work()
    assert [each.code for each in caught.value.diagnostics] == [code], caught.value
    return caught.value.diagnostics[0]


def at_step(monkeypatch, step: int, act) -> None:
    """Have something happen while a step is under way: when it is recorded."""
    real = log.JsonLines.__call__

    def acting(self, event):
        if event["event"] == "step" and event["step"] == step:
            act()
        real(self, event)

    monkeypatch.setattr(log.JsonLines, "__call__", acting)


EACH = {"train.log_every": 1, "train.checkpoint": "Checkpoint(every=5 steps)"}

# ---- signals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_step_and_saves(tmp_path, monkeypatch, capsys, number):
    before = signal.getsignal(number)
    at_step(monkeypatch, 8, lambda: signal.raise_signal(number))
    run = trained(tmp_path / "run", EACH)
    assert run.stopped and run.checkpoint.name == "step-00000008" and signal.getsignal(number) is before
    assert "stopped after step 8, which is saved; `tnet train " in capsys.readouterr().err
    assert not (run.path / "model.safetensors").exists() and not (run.path / LOCK).exists()
    monkeypatch.undo()
    assert spec(IRIS, EACH).train(out=run.path, resume=True).metrics["test.accuracy"] > 0


def test_a_second_interrupt_ends_at_once(tmp_path, monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    at_step(monkeypatch, 8, lambda: [signal.raise_signal(signal.SIGINT) for _ in range(2)])
    try:
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "run", EACH)
    finally:
        signal.signal(signal.SIGINT, before)
    assert checkpoints.newest(tmp_path / "run" / "checkpoints", print).name == "step-00000005"


def test_a_second_request_does_what_it_did_before(tmp_path, monkeypatch):
    """Ends the process, with 143 as its exit code, unless someone had other plans."""

    class Ended(Exception): ...

    def end(*_):
        raise Ended

    before = signal.signal(signal.SIGTERM, end)
    at_step(monkeypatch, 8, lambda: [signal.raise_signal(signal.SIGTERM) for _ in range(2)])
    with pytest.raises(Ended):
        trained(tmp_path / "run", EACH)
    assert signal.signal(signal.SIGTERM, before) is end


def test_kills_at_any_moment(tmp_path):
    """Ten SIGKILLs, some inside a save held open: none loses more than the last interval, and the run that comes of it
    is the one that was never killed, to the bit."""
    outcomes = killed(tmp_path / "run", 10)
    assert outcomes["inside a save"] == 3 and outcomes["at any moment"] == 7, outcomes


# ---- folders and files --------------------------------------------------------------------------------------------


def test_a_folder_that_is_removed(tmp_path, monkeypatch):
    at_step(monkeypatch, 8, lambda: shutil.rmtree(tmp_path / "run"))
    message = refused(lambda: trained(tmp_path / "run", EACH), "TN0902").message
    assert "metrics.jsonl`: no such file" in message and not (tmp_path / "run").exists()
    monkeypatch.undo()
    at_step(monkeypatch, 8, lambda: shutil.rmtree(tmp_path / "run"))
    late = {"train.checkpoint": "Checkpoint(every=9 steps)", "train.log_every": 8}
    message = refused(lambda: trained(tmp_path / "run", late), "TN0902").message
    assert "cannot write" in message and not (tmp_path / "run").exists()


def test_two_runs_in_one_folder(tmp_path, monkeypatch):
    """In this process, and from another: while one trains, the other is refused and changes nothing."""
    found = []

    def second():
        found.append(refused(lambda: trained(tmp_path / "run"), "TN0902").message)
        found.append(refused(lambda: spec().train(out=tmp_path / "run", resume=True), "TN0902").message)
        reading, writing = os.pipe()
        if not os.fork():
            try:
                with held(tmp_path / "run"):
                    pass
            except SpecError as problem:
                os.write(writing, problem.diagnostics[0].message.encode())
            finally:
                os._exit(0)
        os.wait()
        found.append(os.read(reading, 1000).decode())

    at_step(monkeypatch, 8, second)
    run = trained(tmp_path / "run", EACH)
    assert not run.stopped and len(found) == 3
    assert all("is in use by this process" in each for each in found[:2]), found


def test_another_process_that_holds_the_folder(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        with held(folder):
            os.write(writing, b"x")
            signal.pause()
    os.read(reading, 1)
    message = refused(lambda: trained(folder), "TN0902").message
    assert f"is in use by process {process} on " in message
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    assert (folder / LOCK).exists(), "it is left behind, and locks nothing"
    assert trained(folder).metrics and not (folder / LOCK).exists()


def test_a_full_disk_leaves_a_run_that_goes_on(tmp_path, monkeypatch):
    """The fourth save fails; what was saved before is taken up, and the run ends as if nothing had been."""
    import errno

    from test_checkpoints import failing_after

    failing_after(monkeypatch, 6 + 3 * 6 + 2, errno.ENOSPC)
    refused(lambda: trained(tmp_path / "run", EACH | {"train.checkpoint": "Checkpoint(every=3 steps)"}), "TN0902")
    monkeypatch.undo()
    assert checkpoints.newest(tmp_path / "run" / "checkpoints", print).name == "step-00000009"
    resumed = spec(IRIS).train(out=tmp_path / "run", resume=True)
    whole = trained(tmp_path / "whole")
    assert resumed.metrics["test.loss"] == whole.metrics["test.loss"]


# ---- samples and workers ------------------------------------------------------------------------------------------

PICTURES = """
net Tiny(image: float[N, 3, 8, 8]) -> float[N, 2] { flatten(1); Linear(2) }
data { train = ImageFolder("photos"); workers = 0 }
train { epochs = 2; batch = 4; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1); log_every = 1; compile = false }
"""


@pytest.fixture
def photos(tmp_path, monkeypatch):
    import numpy as np
    import PIL.Image

    monkeypatch.chdir(tmp_path)
    for number in range(24):
        folder = tmp_path / "photos" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "photos"


@pytest.mark.parametrize("workers", [0, 2])
def test_a_corrupt_sample_is_named(tmp_path, photos, workers):
    (photos / "b" / "13.png").write_bytes((photos / "b" / "13.png").read_bytes()[:60])
    problem = refused(lambda: trained(tmp_path / "run", {"data.workers": workers}, PICTURES), "TN0702")
    assert "13.png` cannot be read" in problem.message and problem.span.text == 'ImageFolder("photos")'


def test_the_sample_of_a_dead_worker_is_named(tmp_path, photos, monkeypatch):
    read = Items.read_one

    def dying(self, index, stream=None):
        if self.paths[index].endswith("13.png") and torch.utils.data.get_worker_info():
            os.kill(os.getpid(), signal.SIGKILL)
        return read(self, index, stream)

    monkeypatch.setattr(Items, "read_one", dying)
    problem = refused(lambda: trained(tmp_path / "run", {"data.workers": 1}, PICTURES), "TN0702")
    assert "a loader worker has died at sample `" in problem.message and "13.png`" in problem.message
    assert "data.workers=0" in problem.help


def test_stopping_and_going_on_with_workers(tmp_path, photos, monkeypatch):
    """The signal reaches the whole process group, as from a terminal; order and augmentation go on where they were."""
    text = PICTURES.replace("workers = 0", "workers = 2; augment: { RandomHorizontalFlip; ColorJitter(0.5) }")
    whole = trained(tmp_path / "whole", text=text)
    at_step(monkeypatch, 5, lambda: [os.kill(each.pid, signal.SIGTERM) for each in workers()] + [stop()])

    def workers():
        import multiprocessing

        return multiprocessing.active_children()

    def stop():
        signal.raise_signal(signal.SIGTERM)

    assert trained(tmp_path / "run", text=text).stopped
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    spec(text).train(out=tmp_path / "run", resume=True)
    lines = [(tmp_path / name / "metrics.jsonl").read_text().splitlines()[:-1] for name in ("whole", "run")]
    assert lines[0] == lines[1] and len(lines[0]) == 12 and whole.checkpoint


# ---- numbers ------------------------------------------------------------------------------------------------------

BAD = torch.zeros(90, 4)
BAD[37] = float("nan")
POINTS = torch.randn(90, 4, generator=torch.Generator().manual_seed(1))
DATA = {"train": (POINTS + BAD, torch.arange(90) % 3), "val": (POINTS, torch.arange(90) % 3)}
NAN = IRIS.replace('  transform: { Normalize(mean="auto", std="auto") }\n', "")


def losses(path: Path) -> dict[int, float | None]:
    events = map(json.loads, (path / "metrics.jsonl").read_text().splitlines())
    return {event["step"]: event["train.loss"] for event in events if event["event"] == "step"}


def test_on_nan_stop(tmp_path):
    message = refused(lambda: trained(tmp_path / "run", EACH, NAN, data=DATA), "TN0904").message
    assert "the loss is not a number at step" in message and not (tmp_path / "run" / "model.safetensors").exists()


def test_on_nan_skip_leaves_out_the_update(tmp_path, capsys):
    """The step with the bad sample, one in each epoch, moves neither weights nor the statistics of a batch norm."""
    text = NAN.replace("ReLU", "BatchNorm1d; ReLU")
    run = trained(tmp_path / "run", EACH | {"train.on_nan": "skip"}, text, data=DATA)
    found = losses(run.path)
    assert len(found) == 18 and [value is None for value in found.values()].count(True) == 3
    assert capsys.readouterr().err.count("is skipped: its loss or gradient is not finite") == 3
    assert all(torch.isfinite(each).all() for each in load_run(run.path).model.state_dict().values())


def test_skipping_is_given_up_where_all_is_lost(tmp_path):
    lost = DATA | {"train": (torch.full((90, 4), float("nan")), torch.arange(90) % 3)}
    settings = EACH | {"train.on_nan": "skip", "train.epochs": 9}
    message = refused(lambda: trained(tmp_path / "run", settings, NAN, data=lost), "TN0904").message
    assert "20 steps in a row were skipped" in message


def test_on_nan_rollback_goes_on_after_the_batches_that_led_there(tmp_path, capsys):
    settings = EACH | {"train.on_nan": "rollback", "train.checkpoint": "Checkpoint(every=2 steps)"}
    run = trained(tmp_path / "run", settings, NAN, data=DATA)
    said = capsys.readouterr().err
    found = losses(run.path)
    assert list(found) == list(range(1, 19)) and None not in found.values()
    assert said.count("and on with the batches after it") >= 2
    assert all(torch.isfinite(each).all() for each in run.model.state_dict().values())


def test_rolling_back_is_given_up_where_all_is_lost(tmp_path):
    lost = DATA | {"train": (torch.full((90, 4), float("nan")), torch.arange(90) % 3)}
    settings = EACH | {"train.on_nan": "rollback"}
    assert "at step" in refused(lambda: trained(tmp_path / "run", settings, NAN, data=lost), "TN0904").message


def test_rolling_back_needs_checkpoints(tmp_path):
    settings = {"train.on_nan": "rollback", "train.checkpoint": None}
    assert "goes back to a checkpoint" in refused(lambda: trained(tmp_path / "run", settings), "TN0803").message
