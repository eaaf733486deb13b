"""Files that a run is made from, changed before it goes on: told, and accepted or not."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from small_specs import IRIS
from stopped_runs import Stops, assert_same_runs, refused

import tnet
from tnet.cli.main import main
from tnet.diagnostics import SpecError
from tnet.training import dependencies, evaluate_run, predict

MADE_FROM = 'from "parts/heads.tnet" import Head\n' + IRIS.replace("head: Linear(3)", "head: Head()").replace(
    "train = Iris()", 'train = Tensors("flowers.npz")'
).replace(
    "  compile   = false", '  compile = false; weights = "w.safetensors"; distill = Distill("t.tnet", weights="t.pt")'
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A spec that takes a file of each kind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/heads.tnet").write_text('from "inner.tnet" import wide\nblock Head() { Linear(wide(3)) }')
    (tmp_path / "parts/inner.tnet").write_text("def wide(n) = n")
    (tmp_path / "t.tnet").write_text("net T(v: float[N, 4]) -> float[N, 3] { Linear(3) }")
    draws = np.random.default_rng(0)
    features, target = draws.normal(size=(90, 4)).astype("float32"), np.arange(90) % 3
    np.savez(tmp_path / "flowers.npz", features=features, target=target)
    torch.save({"linear.weight": torch.ones(3, 4), "linear.bias": torch.ones(3)}, tmp_path / "t.pt")
    save_file({"linear.bias": torch.ones(16)}, tmp_path / "w.safetensors")
    (tmp_path / "spec.tnet").write_text(MADE_FROM)
    return tmp_path


def rewrite_samples(path):
    arrays = dict(np.load(path))
    np.savez(path, **arrays | {"features": arrays["features"] + 1})


def comment(path):
    path.write_text(path.read_text() + "  # another")


def other_teacher(path):
    torch.save({"linear.weight": torch.zeros(3, 4), "linear.bias": torch.ones(3)}, path)


EFFECT = "its content has changed, which takes effect"
CHANGED = {
    "parts/inner.tnet": (comment, f"`import parts/inner.tnet`: {EFFECT}"),
    "parts/heads.tnet": (comment, f"`import parts/heads.tnet`: {EFFECT}"),
    "flowers.npz": (rewrite_samples, f"`data.train flowers.npz`: {EFFECT}"),
    "t.tnet": (comment, f"`train.distill t.tnet`: {EFFECT}"),
    "t.pt": (other_teacher, f"`train.distill t.pt`: {EFFECT}"),
    "w.safetensors": (
        lambda path: save_file({"linear.bias": torch.zeros(16)}, path),
        "`train.weights w.safetensors`: has no effect: the weights are the checkpoint's",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_file_that_has_changed_is_told_and_must_be_accepted(folder, monkeypatch, name):
    stops = Stops(monkeypatch)
    stops.at = [4]
    assert tnet.load("spec.tnet").train(out="run").stopped
    stops.at = [5]
    assert tnet.load("spec.tnet").train(out="run", resume=True).stopped, "nothing has changed"
    change, told = CHANGED[name]
    change(folder / name)
    problem = refused(lambda: tnet.load("spec.tnet").train(out="run", resume=True), "TN0905")
    assert [each.message for each in problem.notes] == [told]
    stops.at = [7]
    run = tnet.load("spec.tnet").train(out="run", resume=True, accept_changes=True)
    assert run.about["resumed"][-1]["changes"] == [told]
    stops.at = []
    assert not tnet.load("spec.tnet").train(out="run", resume=True).stopped, "what was accepted holds from then on"


def test_a_large_file_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(dependencies, "LARGEST", 10)
    (tmp_path / "large").write_bytes(b"x" * 11)
    assert dependencies.content(tmp_path / "large").startswith("11 bytes")


OWN = "\nuse drawn_by_me.layers: Scaled\n" + MADE_FROM.replace("ReLU", "Scaled; ReLU")


@pytest.fixture
def package(folder, monkeypatch):
    """The spec with a layer of one's own, whose file imports another."""
    for name in [each for each in sys.modules if each.startswith("drawn_by_me")]:
        monkeypatch.delitem(sys.modules, name)
    (folder / "drawn_by_me").mkdir()
    (folder / "drawn_by_me/__init__.py").write_text("")
    (folder / "drawn_by_me/numbers.py").write_text("factor = 2.0")
    (folder / "drawn_by_me/layers.py").write_text(
        "import torch\nfrom .numbers import factor\n\n\nclass Scaled(torch.nn.Module):\n"
        "    def forward(self, x):\n        return factor * x\n"
    )
    (folder / "spec.tnet").write_text(OWN)
    return folder


def test_own_python_is_a_file_that_a_run_is_made_from(package, stops):
    stops.at = [4]
    assert tnet.load("spec.tnet", allow=["drawn_by_me"]).train(out="run").stopped
    comment(package / "drawn_by_me/numbers.py")
    again = tnet.load("spec.tnet", allow=["drawn_by_me"])
    problem = refused(lambda: again.train(out="run", resume=True), "TN0905")
    assert [each.message for each in problem.notes] == [f"`use drawn_by_me.numbers`: {EFFECT}"]


@pytest.mark.parametrize("fate", ["gone", "changed"])
def test_a_run_holds_the_specs_that_its_spec_imports(folder, stops, fate):
    """It is evaluated, predicts and goes on by its folder as it was trained, whatever has become of them."""
    whole = tnet.load("spec.tnet").train(out="whole")
    stops.at = [4]
    tnet.load("spec.tnet").train(out="run")
    stops.at = []
    if fate == "gone":
        shutil.rmtree("parts")
        refused(lambda: tnet.load("spec.tnet"), "TN0902")
    else:
        Path("parts/inner.tnet").write_text("def wide(n) = n + 1")
    assert main(["train", "run", "--resume"]) == 0
    assert_same_runs(whole.path, folder / "run")
    assert evaluate_run("run", "val")["val.loss"] == pytest.approx(whole.metrics["val.loss"], rel=1e-6)  # other batches
    assert len(predict("run", [np.zeros((2, 4), "float32")])) == 2
    assert sorted(each.name for each in Path("run/imports/parts").iterdir()) == ["heads.tnet", "inner.tnet"]


def test_faults_in_a_copy_are_shown_there(folder):
    tnet.load("spec.tnet").train(out="run")
    Path("run/imports/parts/inner.tnet").write_text("def wide(n) = n +")
    with pytest.raises(SpecError) as caught:
        evaluate_run("run")
    assert caught.value.diagnostics[0].span.source.name == "run/imports/parts/inner.tnet"
    Path("run/imports/parts/inner.tnet").unlink()
    assert "cannot read `run/imports/parts/inner.tnet`" in refused(lambda: evaluate_run("run"), "TN0902").message
