"""What settings ask of the process: in force while a run lasts, and put back after it."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from small_specs import IRIS, spec, trained
from stopped_runs import Stops

from tnet.diagnostics import SpecError
from tnet.training import environment
from tnet.training.loop import Loop

PROBES = {
    "threads": torch.get_num_threads,
    "matmul": torch.get_float32_matmul_precision,
    "benchmark": lambda: torch.backends.cudnn.benchmark,
    "deterministic": lambda: (
        torch.backends.cudnn.deterministic, torch.are_deterministic_algorithms_enabled(),
        os.environ.get("CUBLAS_WORKSPACE_CONFIG"),
    ),
    "anomaly": torch.is_anomaly_enabled,
}  # fmt: skip


@pytest.mark.parametrize("setting, value, inside", [
    ("threads", 2, 2),
    ("matmul", "high", "high"),
    ("matmul", "medium", "medium"),
    ("benchmark", True, True),
    ("deterministic", True, (True, True, ":4096:8")),
    ("anomaly", True, True),
])  # fmt: skip
@pytest.mark.parametrize("ends", ["well", "badly"])
def test_settings_hold_for_the_run_and_are_put_back(tmp_path, monkeypatch, setting, value, inside, ends):
    """E2, E3, E7: however the run ends."""
    seen, run = [], Loop.run

    def watched(loop, state):
        seen.append(PROBES[setting]())
        if ends == "badly":
            raise KeyboardInterrupt
        run(loop, state)

    monkeypatch.setattr(Loop, "run", watched)
    before = {name: probe() for name, probe in PROBES.items()}
    try:
        trained(tmp_path / "run", {f"train.{setting}": value, "train.epochs": 1})
    except KeyboardInterrupt:
        assert ends == "badly"
    assert seen == [inside]
    assert {name: probe() for name, probe in PROBES.items()} == before


@pytest.mark.skipif(not hasattr(torch.backends.mkldnn, "matmul"), reason="a later torch has it")
def test_a_precision_of_one_backend_stays(tmp_path):
    """torch then has no common precision to be read."""
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        trained(tmp_path / "run", {"train.epochs": 1})
        assert torch.backends.mkldnn.matmul.fp32_precision == "bf16"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_what_the_user_has_set_for_cublas_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    trained(tmp_path / "run", {"train.deterministic": True, "train.epochs": 1})
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


def test_a_seed_starts_every_generator(monkeypatch):
    """E2: Python's, NumPy's and torch's; those of loader workers are keyed by sample and epoch (`tests/data`)."""
    with environment.process_settings(spec(IRIS, {"train.seed": 7}).recipe):
        drawn = random.random(), np.random.rand(), torch.rand(()).item()
    random.seed(7)
    np.random.seed(7)
    torch.manual_seed(7)
    assert drawn == (random.random(), np.random.rand(), torch.rand(()).item())


def test_an_operator_without_a_deterministic_form_is_refused(tmp_path):
    """E2: `deterministic` is torch's own switch, errors and all."""
    seen = []
    with environment.process_settings(spec(IRIS, {"train.deterministic": True}).recipe):
        try:
            torch.zeros(3).put_(torch.tensor([0, 0]), torch.ones(2), accumulate=False)
        except RuntimeError as problem:
            seen.append(str(problem))
    assert seen and "deterministic" in seen[0]


def test_a_hidden_gpu_is_not_there():
    """E4: CUDA_VISIBLE_DEVICES decides what `auto` and `cuda:0` mean, as for any program of torch."""
    code = (
        "import tnet.training.world as w\n"
        "print(w.single('auto').device)\n"
        "try: w.single('cuda:0')\n"
        "except Exception as problem: print(problem.diagnostics[0].message)"
    )
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    said = subprocess.run([sys.executable, "-c", code], env=hidden, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[0] in ("cpu", "mps") and "`cuda:0` cannot be used" in said


def test_a_device_is_chosen_where_the_run_starts(tmp_path):
    """E4: `run.yaml` says which; one that is not there is refused before anything is written."""
    assert trained(tmp_path / "run", {"train.device": "cpu"}).about["device"].startswith("cpu (")
    with pytest.raises(SpecError) as caught:
        trained(tmp_path / "other", {"train.device": "cuda:99"})
    assert caught.value.diagnostics[0].code == "TN0802"


def test_going_on_with_other_threads_is_told(tmp_path, monkeypatch, capsys):
    stops = Stops(monkeypatch)
    stops.at = [3]
    assert trained(tmp_path / "run").stopped
    stops.at = [5]
    assert spec().train(out=tmp_path / "run", resume=True).stopped
    assert "this is" not in capsys.readouterr().err
    stops.at = []
    spec(IRIS, {"train.threads": 2}).train(out=tmp_path / "run", resume=True, accept_changes=True)
    said = capsys.readouterr().err
    assert "threads), this is cpu" in said and "2 threads): numbers may differ" in said
