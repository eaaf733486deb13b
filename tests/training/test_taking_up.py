"""Which run is taken up, from which of its checkpoints, and what becomes of damaged files and old records."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_specs import IRIS, spec, trained
from stopped_runs import EVERYTHING, assert_same_runs, go_on, refused, stopped_at

from tnet.diagnostics import SpecError
from tnet.training import checkpoints, evaluate_run
from tnet.training import run as run_folder


def test_the_newest_run_is_taken_up(tmp_path, monkeypatch, stops):
    monkeypatch.chdir(tmp_path)
    assert "there is no run in `runs/text`" in refused(lambda: spec().train(resume=True), "TN0902").message
    stopped_at(Path("runs/text/2020-01-01_00-00-00"), stops, 2, IRIS)
    newest = stopped_at(None, stops, 3, IRIS)
    assert spec().train(resume=True).path == newest.path


def test_a_folder_that_is_no_run_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine").write_text("x")
    refused(lambda: go_on(tmp_path, IRIS), "TN0902")
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
    run = go_on(tmp_path / "new", IRIS)
    assert "a new one starts" in capsys.readouterr().err and not run.stopped


def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path, stops):
    """With a `run.yaml`, and without one: what was written then is written anew."""
    whole = trained(tmp_path / "whole")
    for name in ("run.yaml", "metrics.jsonl", "nothing"):
        run = stopped_at(tmp_path / name, stops, 2, IRIS)
        checkpoints.remove_folder(run.checkpoint)
        (run.path / name).unlink(missing_ok=True)
        go_on(run.path, IRIS)
        assert_same_runs(whole.path, run.path)


DAMAGES = {
    "flipped": lambda path: path.write_bytes(path.read_bytes()[:-9] + bytes([path.read_bytes()[-9] ^ 4]) + b"12345678"),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("name, damage", [
    ("model.safetensors", "flipped"), ("state.safetensors", "truncated"), ("state.json", "missing"),
    ("manifest.json", "truncated"), ("manifest.json", "missing"), ("state.json", "empty"),
])  # fmt: skip
def test_a_damaged_checkpoint_is_passed_over_with_a_warning(tmp_path, whole, stops, capsys, name, damage):
    run = stopped_at(tmp_path / "run", stops, 11)
    DAMAGES[damage](run.checkpoint / name)
    go_on(run.path)
    said = capsys.readouterr().err
    assert "warning: " in said and str(run.checkpoint) in said and "going on from step-00000008" in said
    assert_same_runs(whole.path, run.path)
    assert (run.path / "checkpoints" / "damaged-step-00000011").exists()


def test_no_checkpoint_that_is_whole(tmp_path, stops):
    run = stopped_at(tmp_path / "run", stops, 7)
    for path in checkpoints.steps(run.path / "checkpoints"):
        DAMAGES["flipped"](path / "state.safetensors")
    problem = refused(lambda: go_on(run.path), "TN0903")
    assert "no usable checkpoint" in problem.message and all("damaged" in each.message for each in problem.notes)
    assert checkpoints.steps(run.path / "checkpoints"), "they stay as they are"


def test_the_last_weights_stand_in_for_best_ones_that_are_damaged(tmp_path, stops, capsys):
    rates = {"train.epochs": 6, "train.optimizer.lr": 3.0, "train.checkpoint": 'Checkpoint(best="val.loss")'}
    run = stopped_at(tmp_path / "run", stops, 35, IRIS, rates)
    best = run.path / "checkpoints" / f"step-{checkpoints.load(run.checkpoint)['best'][1]:08d}"
    DAMAGES["truncated"](best / "model.safetensors")
    resumed = go_on(run.path, IRIS)
    assert "the result is the last weights, not the best" in capsys.readouterr().err
    assert resumed.checkpoint.name == "step-00000036"


@pytest.mark.parametrize("tail", [b'{"event": "step", "ste', b"null\n", b'{"event": "step", "step": 9}\n'])
def test_records_are_cut_to_where_the_run_goes_on(tmp_path, whole, stops, tail):
    run = stopped_at(tmp_path / "run", stops, 6)
    with open(run.path / "metrics.jsonl", "ab") as file:
        file.write(tail)
    go_on(run.path)
    assert_same_runs(whole.path, run.path)


def test_tensorboard_goes_on_too(tmp_path, stops):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    text = EVERYTHING.replace("log_every  = 1", "log_every = 1; log = [tensorboard]")
    stopped_at(tmp_path / "run", stops, 6, text)
    go_on(tmp_path / "run", text)
    written = EventAccumulator(str(tmp_path / "run")).Reload()
    assert [event.step for event in written.Scalars("train/loss")] == list(range(1, 16))


@pytest.mark.parametrize("damage", ["flipped", "truncated", "missing", "empty"])
@pytest.mark.parametrize("name", ["spec.tnet", "run.yaml", "split.safetensors", "model.safetensors"])
def test_damaged_files_of_a_run_are_named(tmp_path, name, damage):
    """In an evaluation; the split alone can be drawn again where it is missing."""
    path = trained(tmp_path / "run").path / name
    whole = evaluate_run(tmp_path / "run")
    if (name, damage) == ("run.yaml", "flipped"):
        return  # people may edit it
    DAMAGES[damage](path)
    if (name, damage) == ("split.safetensors", "missing"):
        assert evaluate_run(tmp_path / "run") == whole
        return
    with pytest.raises(SpecError) as caught:
        evaluate_run(tmp_path / "run")
    assert caught.value.diagnostics[0].code in ("TN0902", "TN0903", "TN0905")
    assert path.stem in caught.value.diagnostics[0].message


@pytest.mark.parametrize("manifest", ["[]", "null", '{"sha256": {}}', '{"sha256": [1]}', "{"])
def test_a_manifest_that_was_edited(tmp_path, stops, capsys, manifest):
    run = stopped_at(tmp_path / "run", stops, 8, IRIS)
    (run.checkpoint / "manifest.json").write_text(manifest)
    go_on(run.path, IRIS)
    said = capsys.readouterr().err
    assert f"warning: `{run.checkpoint}" in said and "going on from step-00000006" in said


def test_a_spec_that_replaces_the_runs_is_known_before(tmp_path, stops, monkeypatch):
    """A kill between the writing of `spec.tnet` and of `run.yaml` leaves a run that goes on."""
    run = stopped_at(tmp_path / "run", stops, 8, IRIS)
    changed = IRIS.replace("momentum=0.9", "momentum=0.8")

    def killed(path, about):
        if "resumed" in about:
            raise KeyboardInterrupt
        return real(path, about)

    real = run_folder.write_about
    monkeypatch.setattr(run_folder, "write_about", killed)
    with pytest.raises(KeyboardInterrupt):
        go_on(run.path, changed, accept_changes=True)
    monkeypatch.undo()
    assert (run.path / "spec.tnet").read_text() == changed
    assert not go_on(run.path, changed).stopped
