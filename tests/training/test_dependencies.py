"""Files that a run is made from, changed before it goes on: told, and accepted or not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from small_specs import IRIS
from stopped_runs import Stops, refused

import tnet
from tnet.training import dependencies

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
