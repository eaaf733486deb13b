"""Compiled steps: one compilation for an epoch of any length, and eager where compiling does not work."""

from __future__ import annotations

import pytest
import torch
from small_specs import DIGITS, trained
from torch._dynamo.testing import CompileCounter

from tnet.training import compiled


@pytest.fixture(autouse=True)
def nothing_compiled():
    torch._dynamo.reset()


def test_compiled_training_is_the_same_training(tmp_path):
    """R8: through torch.compile and its C++ compiler, as eager to rounding (without dropout, whose draws differ)."""
    text = DIGITS.replace("Dropout(0.2)", "").replace("epochs    = 1", "steps = 24")
    fast = trained(tmp_path / "a", {"train.compile": True}, text)
    plain = trained(tmp_path / "b", text=text)
    assert fast.metrics["val.loss"] == pytest.approx(plain.metrics["val.loss"], rel=0.05)


def test_the_last_smaller_batch_compiles_nothing(tmp_path, monkeypatch):
    counter = CompileCounter()
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **_: real(function, backend=counter))
    trained(tmp_path / "run", {"train.compile": True, "train.epochs": 3, "train.batch": 100}, DIGITS)
    assert counter.frame_count == 1


def test_evaluation_is_compiled_where_it_pays(tmp_path, monkeypatch):
    counter = CompileCounter()
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **_: real(function, backend=counter))
    monkeypatch.setattr("tnet.training.parts.PAYS_FROM", 1)
    fast = trained(tmp_path / "run", {"train.compile": True, "train.batch": 90}, DIGITS)
    assert counter.frame_count == 2
    plain = trained(tmp_path / "b", {"train.batch": 90}, DIGITS).metrics
    for name in plain.keys() - {"seconds"}:  # the compiled optimizer computes with rates that are tensors
        assert fast.metrics[name] == pytest.approx(plain[name], rel=1e-5), name


def test_without_a_compiler_it_says_so_once_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compiled, "which", lambda name: None)
    run = trained(tmp_path / "run", {"train.compile": True})
    assert capsys.readouterr().err.count("no C++ compiler") == 1 and run.metrics["test.accuracy"] > 0.5


def test_where_compiling_fails_it_says_so_once_and_goes_on(tmp_path, monkeypatch, capsys):
    from torch._inductor.exc import InductorError

    def broken(function, **_):
        def fail(*_):
            raise InductorError(RuntimeError("no headers"), None)

        return fail

    monkeypatch.setattr(torch, "compile", broken)
    run = trained(tmp_path / "run", {"train.compile": True})
    plain = trained(tmp_path / "plain")
    assert capsys.readouterr().err.count("does not work here") == 1
    assert {**run.metrics, "seconds": 0} == {**plain.metrics, "seconds": 0}


@pytest.mark.parametrize("accumulate", [1, 2])
def test_runs_of_one_process_do_not_count_as_one(tmp_path, monkeypatch, capsys, accumulate):
    """torch gives a function up that it has compiled `recompile_limit` times, 8 by default: each run has its own."""
    counter = CompileCounter()
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **more: real(function, backend=counter))
    settings = {"train.compile": True, "train.epochs": 1, "train.accumulate": accumulate}
    with torch._dynamo.config.patch(recompile_limit=2):
        for number in range(4):
            trained(tmp_path / f"{number}", settings)
    assert counter.frame_count == 4 and "torch.compile does not work here" not in capsys.readouterr().err
