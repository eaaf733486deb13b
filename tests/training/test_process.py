"""What a recipe asks of the process: seeds, determinism, devices, threads; and what the loop does by itself."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from small_specs import spec, trained
from test_tricks import same_weights
from torch.nn.utils import clip_grad_norm_
from trained_by_hand import PLAIN, ByHand, losses_of, with_settings

from tnet.training import environment, world
from tnet.training.environment import process_settings

OWN = """
import random

import numpy as np
import torch


class Drawn:
    def __init__(self):
        self.targets = [n % 10 for n in range(64)]

    def __len__(self):
        return 64

    def __getitem__(self, index):
        numbers = [random.random(), float(np.random.rand()), float(torch.rand(()))]
        return torch.tensor(numbers + [float(index)]), self.targets[index]
"""
DRAWN = """
use drawn: Drawn

net Tiny(v: float[N, 4]) -> float[N, 10] { Linear(10) }

data { train = Drawn(); workers = WORKERS }

train {
  steps = 6; batch = 16; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.01); seed = SEED; log_every = 1
  compile = false
}
"""


def test_e2_seeds_of_python_numpy_torch_and_workers(tmp_path, monkeypatch):
    """E2: a data set that draws from all three gives the same run for the same seed, by however many workers its
    samples are read, and another run for another seed."""
    import tnet

    monkeypatch.chdir(tmp_path)
    (tmp_path / "drawn.py").write_text(OWN)
    monkeypatch.delitem(sys.modules, "drawn", raising=False)
    found = []
    for number, (seed, workers) in enumerate([(7, 0), (7, 0), (7, 1), (7, 2), (8, 1)]):
        (tmp_path / "a.tnet").write_text(DRAWN.replace("WORKERS", str(workers)).replace("SEED", str(seed)))
        random.seed(number), np.random.seed(number), torch.manual_seed(number)
        tnet.load("a.tnet", allow=["drawn"]).train(out=tmp_path / f"run{number}")
        found.append(losses_of(tmp_path / f"run{number}"))
    assert found[0] == found[1] == found[2] == found[3] != found[4]


def test_e2_e3_what_is_asked_of_cudnn(monkeypatch):
    """E2, E3: deterministic algorithms, or the fastest ones; afterwards all is as before."""
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with process_settings(spec(with_settings("deterministic = true")).recipe):
        assert torch.are_deterministic_algorithms_enabled() and torch.backends.cudnn.deterministic
        assert not torch.backends.cudnn.benchmark and os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    with process_settings(spec(with_settings("benchmark = true", 'matmul = "high"')).recipe):
        assert torch.backends.cudnn.benchmark and not torch.are_deterministic_algorithms_enabled()
        assert torch.get_float32_matmul_precision() == "high"
    assert not torch.backends.cudnn.benchmark and torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize("setting", ["deterministic = true", "benchmark = true", 'matmul = "high"', "threads = 1"])
def test_settings_of_the_process_leave_the_losses_alone(tmp_path, setting):
    run = trained(tmp_path / "run", text=with_settings(setting))
    expected = ByHand()
    assert losses_of(tmp_path / "run") == expected.losses and same_weights(run, expected.model)


def test_e4_the_device_that_is_there(monkeypatch):
    """E4: an accelerator if there is one, else the CPU; `devices = [1]` is `cuda:1`."""
    asked = []
    monkeypatch.setattr(world.torch, "empty", lambda _, device: asked.append(str(device)))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert world.single("auto").device.type == "cuda"
    assert world.single(spec(with_settings("devices = [1]")).recipe.device).device == torch.device("cuda:1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert world.single("auto").device.type == "cpu" and asked == ["cuda", "cuda:1", "cpu"]


def test_e4_devices_that_are_hidden():
    """E4: torch reads CUDA_VISIBLE_DEVICES; where it hides all, a run is on the CPU."""
    code = "from tnet.training.world import single; print(single('auto').device)"
    environ = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, timeout=120)
    assert done.stdout.strip() in ("cpu", "mps")


def test_e7_threads(monkeypatch):
    """E7: for the time of the run; `workers` of `data` are in tests/data."""
    before = torch.get_num_threads()
    with process_settings(spec(with_settings("threads = 2")).recipe):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("written, options", [("0.5", (0.5,)), ("Norm(2, type=1)", (2, 1)), ("Norm(0.05, type=inf)",
                                              (0.05, float("inf")))])  # fmt: skip
def test_o9_clipping_by_norm(tmp_path, written, options):
    """O9"""
    run = trained(tmp_path / "run", text=with_settings(f"clip_norm = {written}"))
    expected = ByHand(before_update=lambda model: clip_grad_norm_(model.parameters(), *options))
    assert losses_of(tmp_path / "run") == expected.losses != ByHand().losses
    assert same_weights(run, expected.model)


def test_o12_modes_and_gradients(tmp_path, monkeypatch):
    """O12: gradients are set to none; evaluation is in eval mode and without gradients, training in training mode."""
    seen, zeroed = [], []
    zero = torch.optim.SGD.zero_grad
    monkeypatch.setattr(
        torch.optim.SGD,
        "zero_grad",
        lambda self, set_to_none=True: zeroed.append(set_to_none) or zero(self, set_to_none),
    )
    forward = torch.nn.Dropout.forward
    monkeypatch.setattr(
        torch.nn.Dropout, "forward",
        lambda self, x: seen.append((self.training, torch.is_grad_enabled())) or forward(self, x),
    )  # fmt: skip
    trained(tmp_path / "run", text=PLAIN)
    assert set(seen) == {(True, True), (False, False)} and seen.count((True, True)) == 20
    assert zeroed == [True] * 20


def test_the_process_seeds_what_it_is_told(monkeypatch):
    environment.seed(2**40 + 3)  # NumPy takes 32 bits
    first = random.random(), np.random.rand(), float(torch.rand(()))
    environment.seed(2**40 + 3)
    assert first == (random.random(), np.random.rand(), float(torch.rand(())))
