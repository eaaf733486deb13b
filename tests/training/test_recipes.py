"""Several recipes in one spec: which is chosen, what overrides are for, and that a run keeps its own."""

from __future__ import annotations

import json

import pytest
import torch
import yaml
from small_specs import IRIS
from stopped_runs import Stops, assert_same_runs

import tnet
from tnet.cli.main import main
from tnet.diagnostics import SpecError
from tnet.training import evaluate_run, predict

TWO = (
    IRIS
    + """
net Small(features: float[N, 4]) -> logits: float[N, 3] { only: Linear(3) }

data finetune {
  train = Iris()
  split = [0.8, 0.2]
}

train finetune {
  net       = Small
  steps     = 6
  batch     = 10
  loss      = CrossEntropyLoss()
  optimizer = Adam(lr=0.01)
  compile   = false
}
"""
).replace("  epochs    = 3", "  net       = Flowers\n  epochs    = 3")
"""A second recipe with data and a net of its own."""


@pytest.fixture
def stops(monkeypatch):
    return Stops(monkeypatch)


@pytest.fixture
def file(tmp_path):
    (tmp_path / "two.tnet").write_text(TWO)
    return str(tmp_path / "two.tnet")


def fault(work) -> tuple[str, str, str | None]:
    with pytest.raises(SpecError) as caught:
        work()
    (found,) = caught.value.diagnostics
    return found.code, found.message, found.help


def test_a_recipe_is_what_a_file_with_it_alone_says(tmp_path):
    head, tail = TWO.split("\nnet Small")
    alone = head.split("\ndata {")[0].replace("Flowers", "Other") + "\nnet Small" + tail.replace(" finetune {", " {")
    one = tnet.loads(TWO).train(tmp_path / "one", recipe="finetune")
    tnet.loads(alone).train(tmp_path / "alone")
    assert_same_runs(one.path, tmp_path / "alone")
    assert one.about["recipe"] == "finetune" and one.about["net"] == "Small"
    assert tnet.loads(TWO).train(tmp_path / "unnamed").spec.net.name == "Flowers"


def test_settings_from_outside_are_those_of_the_chosen_recipe():
    given = {"train.batch": 5, "data.split": [0.5, 0.5]}
    chosen = tnet.loads(TWO, overrides=given, recipe="finetune")
    assert (chosen.recipe.batch, chosen.data_recipe.split) == (5, (0.5, 0.5))
    assert (chosen.compilation.recipe().batch, chosen.compilation.data_recipe().split) == (16, (0.6, 0.2, 0.2))
    unnamed = tnet.loads(TWO, overrides=given)
    assert (unnamed.recipe.batch, unnamed.compilation.recipe("finetune").batch) == (5, 10)
    without = tnet.loads(TWO.replace("data finetune {", "data {", 1).replace("data {", "data old {", 1).replace(
        "train {", "train old {"), overrides={"data.split": [0.7, 0.3]}, recipe="finetune")  # fmt: skip
    assert without.data_recipe.split == (0.7, 0.3), "the unnamed data, where the recipe has none of its own"


def test_each_recipe_is_checked_with_its_own_net():
    wrong = TWO.replace("Linear(3) }", "Linear(3) -> Softmax(1) }")
    assert [each.code for each in tnet.loads(wrong).check()] == ["TN1001"]
    found = tnet.loads(TWO).compilation
    assert found.table("Small", "finetune").optimizer.name == "Adam"
    assert found.table("Flowers", "finetune").optimizer is None


@pytest.mark.parametrize("work, message, help", [
    (lambda: tnet.loads(TWO, recipe="finetun"), "no recipe is called `finetun`", "did you mean `finetune`?"),
    (lambda: tnet.loads(TWO).train(recipe="other"), "no recipe is called `other`", "the recipes are `finetune`"),
    (lambda: tnet.loads(IRIS, recipe="a"), "no recipe is called `a`", "add `train a { … }`"),
    (lambda: tnet.loads(TWO.replace("data finetune", "data finetun")), "no recipe is called `finetun`",
     "did you mean `finetune`?"),
    (lambda: tnet.loads(TWO.replace("train {", "train main {")).recipe,
     "every recipe of the spec has a name (`main`, `finetune`), and none is chosen",
     "on the command line: `--recipe main`"),
    (lambda: tnet.loads(IRIS.replace("train {", "train main {"), overrides={"train.epochs": 2}),
     "the spec has no `train` section for `train.epochs`", "choose a recipe: `--recipe main`"),
    (lambda: tnet.loads(TWO, overrides={"train.finetune.batch": 2}),
     "`train.finetune.batch` leads nowhere", "`--recipe finetune` makes `train.…` that recipe's"),
])  # fmt: skip
def test_recipes_that_are_not_there(work, message, help):
    assert fault(work)[1:] == (message, help)


def test_a_run_keeps_its_recipe(tmp_path, stops, monkeypatch, capsys, file):
    monkeypatch.chdir(tmp_path)
    stops.at = [3]
    assert main(["train", file, "--recipe", "finetune", "--out", "run", "train.batch=12"]) == 75
    assert main(["train", file, "--out", "runs/two/9"]) == 75
    stops.at = []
    assert main(["train", file, "--resume", "--out", "run"]) == 0
    assert main(["train", file, "--recipe", "finetune", "train.batch=12", "--out", "whole"]) == 0
    assert_same_runs(tmp_path / "run", tmp_path / "whole")
    assert evaluate_run("run").keys() == {"val.loss", "val.by_class"}
    assert len(predict("run", [torch.zeros(4)])[0]["output"]) == 3
    assert main(["train", file, "--resume", "--out", "run", "train.steps=8", "--accept-changes"]) == 0
    assert yaml.safe_load((tmp_path / "run/run.yaml").read_text())["steps"]["total"] == 8
    assert main(["train", "run", "--resume", "train.steps=9", "--accept-changes"]) == 0
    assert main(["train", file, "--resume", "--recipe", "finetune"]) == 4
    assert "there is no run of the recipe `finetune` in `runs/two`" in capsys.readouterr().err


def test_plan_and_why_of_a_recipe(file, capsys):
    assert main(["plan", file, "--recipe", "finetune", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 6
    assert main(["why", file, "only.weight", "--recipe", "finetune"]) == 0
    assert "0.01" in capsys.readouterr().out
    assert main(["why", file, "only.weight", "--recipe", "fine"]) == 1
    assert main(["check", file, "--recipe", "finetune", "train.batch=0"]) == 1
