"""A spec that has changed before its run goes on: what is told, what takes effect, what is refused."""

from __future__ import annotations

import pytest
import torch
import yaml
from small_specs import IRIS, spec, trained
from stopped_runs import EVERYTHING, assert_same_runs, events, go_on, refused, stopped_at


def test_more_epochs_and_another_rate_take_effect_when_accepted(tmp_path, stops):
    stopped_at(tmp_path / "run", stops, 7, overrides={"train.log_every": 1})
    changed = {"train.epochs": 4, "train.optimizer.lr": 0.02}
    problem = refused(lambda: go_on(tmp_path / "run", overrides=changed), "TN0905")
    told = [each.message for each in problem.notes]
    assert problem.message.startswith("3 settings have changed") and "--accept-changes" in problem.help
    assert told == [
        "`lr of head.weight, head.bias` 0.005 → 0.01: takes effect",
        "`train.epochs` 3 → 4: takes effect",
        "`train.optimizer` AdamW(lr=0.01, weight_decay=0.02) → AdamW(lr=0.02, weight_decay=0.02): takes effect",
    ]
    run = go_on(tmp_path / "run", overrides=changed, accept_changes=True)
    rates = {each["step"]: each["lr"]["head"] for each in events(run.path) if each["event"] == "step"}
    fresh = trained(tmp_path / "fresh", changed, EVERYTHING)
    planned = {each["step"]: each["lr"]["head"] for each in events(fresh.path) if each["event"] == "step"}
    assert len(rates) == 20 and [rates[n] for n in range(8, 21)] == [planned[n] for n in range(8, 21)]
    assert rates[7] == planned[7] / 2
    about = yaml.safe_load((run.path / "run.yaml").read_text())
    assert about["resumed"][0]["changes"] == told and about["steps"]["total"] == 20
    assert go_on(tmp_path / "run").metrics.items() <= run.metrics.items(), "what was accepted holds from then on"


def test_an_ended_run_goes_on_for_more_epochs(tmp_path, capsys):
    short = trained(tmp_path / "run")
    assert go_on(tmp_path / "run", IRIS).metrics.items() <= short.metrics.items()
    assert "has ended: nothing is left to do" in capsys.readouterr().err
    go_on(tmp_path / "run", IRIS, {"train.epochs": 5}, accept_changes=True)
    trained(tmp_path / "whole", {"train.epochs": 5})
    assert_same_runs(tmp_path / "whole", tmp_path / "run")


def test_more_epochs_leave_what_a_plateau_has_done(tmp_path):
    """Its rates come from evaluations, and a longer schedule is followed from the start with those that were."""
    text = IRIS.replace(
        "  compile ", "  schedule = ReduceLROnPlateau(patience=0, threshold=1); log_every = 1\n  compile "
    )
    trained(tmp_path / "run", {"train.epochs": 4}, text)
    go_on(tmp_path / "run", text, {"train.epochs": 6}, accept_changes=True)
    trained(tmp_path / "whole", {"train.epochs": 6}, text)
    assert_same_runs(tmp_path / "whole", tmp_path / "run")
    assert len({each["lr"]["default"] for each in events(tmp_path / "run") if each["event"] == "step"}) == 6


def test_fewer_epochs_than_are_done(tmp_path, stops, capsys):
    stopped_at(tmp_path / "run", stops, 8, IRIS)
    run = go_on(tmp_path / "run", IRIS, {"train.epochs": 1}, accept_changes=True)
    assert "it has done more than the 6 steps that are asked for now, and ends here" in capsys.readouterr().err
    assert events(run.path)[-1]["step"] == 8 and not run.stopped


@pytest.mark.parametrize("before, after, words", [
    ("batch      = 24", "batch = 20", "`train.batch` has changed"),
    ("split = [100, 20, 20]", "split = [90, 30, 20]", "`data.split` has changed"),
    ("Conv2d(8, 3", "Conv2d(9, 3", "the net's parameters have changed"),
    ("train = Digits()", 'train = Tensors("x.npz")', "`data.train` has changed"),
    ("parametrize = spectral_norm", "parametrize = weight_norm", "`parametrize of head.weight` has changed"),
])  # fmt: skip
def test_what_cannot_change_is_refused(tmp_path, stops, before, after, words):
    run = stopped_at(tmp_path / "run", stops, 2)
    kept = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    problem = refused(lambda: go_on(run.path, EVERYTHING.replace(before, after), accept_changes=True), "TN0905")
    assert words in problem.message and "start a new run; `train.weights" in problem.help
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == kept


@pytest.mark.parametrize("before, after, words", [
    ("seed      = 42", "seed = 1", "`train.seed` 42 → 1: has no effect"),
    ("Dropout(0.2)", "Dropout(0.4)", "effect (- self.dropout = nn.Dropout(0.2); + self.dropout = nn.Dropout(0.4))"),
    ("degrees=8", "degrees=9", "`data.augment` "),
    (":bias, :norm { weight_decay = 0 }", ":bias { weight_decay = 0 }", "`weight_decay of norm.weight` 0 → not set"),
    ("head         {", "conv { init = ones }; head {", "`init of conv.weight` not set → ones: has no effect"),
    ("ema        = 0.9", "clip_value = 3", "`train.ema` 0.9 → none: takes effect"),
    ("AdamW(lr=1e-2", "SGD(lr=1e-2", "`train.optimizer` AdamW"),
    ("# a comment", "# another", None),
])  # fmt: skip
def test_what_has_changed_is_told_with_its_effect(tmp_path, stops, before, after, words, capsys):
    text = "# a comment" + EVERYTHING
    run = stopped_at(tmp_path / "run", stops, 3, text)
    whole = go_on(run.path, text.replace(before, after), accept_changes=True)
    said = capsys.readouterr().err
    assert (words in said and "changed: " in said) if words else "changed: " not in said
    assert events(run.path)[-1]["step"] == 15 and not whole.stopped


def test_a_loss_block_is_part_of_the_comparison(tmp_path, stops, capsys):
    block = "block Squared(scale=2)(output, target) { return mean((output - one_hot(target, 10)) ** 2) * scale }\n"
    text = block + EVERYTHING.replace("CrossEntropyLoss(label_smoothing=0.05)", "Squared")
    text = text.replace("mixup      = 0.2", "").replace("  metrics   = [accuracy]\n", "").replace("accuracy", "loss")
    run = stopped_at(tmp_path / "run", stops, 3, text)
    problem = refused(lambda: go_on(run.path, text.replace("scale=2", "scale=3")), "TN0905")
    assert [each.message for each in problem.notes] == ["`Squared`: takes effect"]


def test_names_and_values_of_the_command_hold_when_it_goes_on(tmp_path, stops):
    stops.at = [8]
    spec(IRIS, {"train.optimizer.lr": "0.05"}, width=8).train(out=tmp_path / "run")
    stops.at = []
    run = spec(IRIS).train(out=tmp_path / "run", resume=True)
    assert run.spec.hypers == {"width": 8} and run.spec.recipe.optimizer.options["lr"] == 0.05
    spec(IRIS, {"train.optimizer.lr": 0.05}, width=8).train(out=tmp_path / "whole")
    assert_same_runs(tmp_path / "whole", tmp_path / "run")


def test_statistics_of_the_data_are_those_of_the_run(tmp_path, stops):
    """Data from Python, to stand in for the data section, with samples for `auto` that are others by then."""
    data = {"train": (torch.randn(40, 4), torch.arange(40) % 3), "val": (torch.randn(9, 4), torch.arange(9) % 3)}
    stopped_at(tmp_path / "run", stops, 4, IRIS, data=data)
    x = data["train"][0]
    fewer = {**data, "train": (x[:39], torch.arange(39) % 3)}
    problem = refused(lambda: go_on(tmp_path / "run", IRIS, data=fewer), "TN0905")
    assert "40 samples then, 39 now" in problem.message
    run = go_on(tmp_path / "run", IRIS, data={**data, "train": (x + 1, data["train"][1])})
    means = yaml.safe_load((run.path / "run.yaml").read_text())["data"]["statistics"][0]["mean"]
    assert means == pytest.approx(x.mean(0).tolist(), abs=1e-5)
