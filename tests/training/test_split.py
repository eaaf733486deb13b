"""The split of a run is kept, and what goes on with the run or tests it uses the same samples."""

from __future__ import annotations

import pytest
from safetensors.torch import load_file

import tnet
from tnet.data import splits
from tnet.diagnostics import SpecError
from tnet.opening import from_python
from tnet.training.testing import evaluate_run

SPEC = """
net Small(v: float[N, 4]) -> float[N, 3] { Linear(3) }
data { train = Iris(); split = [0.6, 0.2, 0.2]; workers = 0 }
train {
  steps = 4; batch = 16; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.01); metrics = [accuracy]; compile = false
  device = "cpu"
}
"""


@pytest.fixture
def run(tmp_path):
    return tnet.loads(SPEC).train(out=tmp_path / "run")


def test_d5_the_split_is_kept_and_used_again(run, tmp_path, monkeypatch):
    """D5: what is drawn otherwise by now does not change what a run is tested on, or goes on with."""
    kept = load_file(run.path / "split.safetensors")
    assert {name: len(each) for name, each in kept.items()} == {"train": 90, "val": 30, "test": 30}
    tested = evaluate_run(run.path)
    monkeypatch.setattr(splits, "cut", lambda *_: pytest.fail("drawn again"))
    assert evaluate_run(run.path) == tested
    more = tnet.loads(SPEC, overrides={"train.steps": 8}).train(out=run.path, resume=True, accept_changes=True)
    assert more.metrics["seconds"] > 0 and load_file(run.path / "split.safetensors").keys() == kept.keys()


def test_another_split_is_drawn_where_it_is_asked_for(run):
    changes = from_python({"data.split_seed": 5})
    evaluate_run(run.path, changes=changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "cut", lambda *_: pytest.fail("drawn again"))
        with pytest.raises(pytest.fail.Exception):
            evaluate_run(run.path, changes=changes)


def test_data_that_has_lost_samples_is_not_cut_as_before(run):
    moved = {name: each + 100 for name, each in load_file(run.path / "split.safetensors").items()}
    with pytest.raises(SpecError) as caught:
        tnet.loads(SPEC).data_recipe.load(split=moved)
    assert caught.value.diagnostics[0].code == "TN0905"


def test_a_damaged_split_is_named(run):
    (run.path / "split.safetensors").write_bytes(b"no tensors")
    with pytest.raises(SpecError) as caught:
        evaluate_run(run.path)
    (found,) = caught.value.diagnostics
    assert found.code == "TN0902" and "split.safetensors` is damaged" in found.message
