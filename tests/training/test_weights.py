"""`weights = …`: what matches by name and shape is loaded, from files of this and other programs, and told."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from small_specs import IRIS, spec, trained
from torch import nn
from torch.optim.swa_utils import AveragedModel

from tnet.diagnostics import SpecError
from tnet.training import checkpoints

FIXED = {"train.optimizer.lr": 0.0, "train.optimizer.momentum": 0, "train.epochs": 1}
"""Weights that stay as they start."""


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A net with weights of its own, in the folder that files are read from."""
    monkeypatch.chdir(tmp_path)
    model = spec().model()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    return model


def started_from(name: str, text: str = IRIS):
    return trained(name.partition(".")[0].replace("/", "-") + "-run", FIXED | {"train.weights": name}, text).model


def same(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


WAYS = {
    "plain.pt": lambda model: model.state_dict(),
    "data_parallel.pth": lambda model: nn.DataParallel(model).state_dict(),
    "compiled.pt": lambda model: torch.compile(model, backend="eager").state_dict(),
    "both.bin": lambda model: torch.compile(nn.DataParallel(model), backend="eager").state_dict(),
    "compiled_inside.pt": lambda model: {
        name.replace("head.", "head._orig_mod."): value for name, value in model.state_dict().items()
    },
    "averaged.pt": lambda model: AveragedModel(model).state_dict(),
    "lightning.ckpt": lambda model: {
        "state_dict": {f"model.{name}": value for name, value in model.state_dict().items()}, "epoch": 3,
        "optimizer_states": [{"state": {}, "param_groups": []}], "hyper_parameters": {"lr": 0.1},
    },
    "handbook.pth.tar": lambda model: {
        "epoch": 7, "best_acc": 0.93, "model_state": model.state_dict(),
        "optimizer_state": torch.optim.Adam(model.parameters()).state_dict(), "scheduler_state": {"last_epoch": 7},
    },
    "averages_too.pt": lambda model: {
        "ema": {name: value + 1 for name, value in model.state_dict().items()}, "model_state_dict": model.state_dict(),
    },
    "of_any_name.pt": lambda model: {"my_weights": model.state_dict(), "epoch": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_checkpoints_of_other_programs(model, name):
    """R5, R6: wrappers' prefixes are stripped, of a checkpoint the weights are taken."""
    torch.save(WAYS[name](model), name)
    assert same(started_from(name), model)


def test_safetensors_and_folders_of_runs(model, tmp_path):
    save_file(model.state_dict(), "w.safetensors")
    first = trained("first", {"train.weights": "w.safetensors"})
    assert same(started_from("first"), first.model)
    assert same(started_from(f"first/checkpoints/{first.checkpoint.name}"), first.model)


def test_weights_saved_on_a_device_that_is_not_here(model, monkeypatch):
    """R5, device to device: a file written on a GPU is read without one."""
    with monkeypatch.context() as patch:
        patch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:3")
        torch.save(model.state_dict(), "gpu.pt")
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load("gpu.pt")
    assert same(started_from("gpu.pt"), model)


def test_what_did_not_match_is_told(model, capsys):
    state = model.half().state_dict() | {"head.weight": torch.zeros(5, 16), "extra": torch.zeros(1)}
    del state["linear.bias"]
    torch.save(state, "w.pt")
    loaded = started_from("w.pt")
    assert torch.equal(loaded.linear.weight, model.linear.weight.float())
    assert loaded.linear.weight.dtype == torch.float32
    said = capsys.readouterr().err
    for line in (
        "weights: 2 of 4 tensors from `w.pt`",
        "weights not in the file: linear.bias",
        "weights of another shape: head.weight [5, 16] for [3, 16]",
        "weights not in the net: extra",
    ):
        assert line in said


def test_a_net_whose_own_names_start_as_wrappers_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = IRIS.replace("head: Linear(3)", "model: { head: Linear(3) }")
    own = spec(text).model()
    torch.save({f"module.{name}": value + 1 for name, value in own.state_dict().items()}, "w.pt")
    assert torch.equal(started_from("w.pt", text).model.head.weight, own.model.head.weight + 1)


class Code:
    """What a pickle may do."""

    def __reduce__(self):
        return print, ("this code must never run",)


BROKEN = {
    "missing.pt": (lambda path: None, "no file or folder `missing.pt`"),
    "cut.safetensors": (lambda path: path.write_bytes(b"\x10\0\0\0\0\0\0\0{"), "`cut.safetensors` is damaged: "),
    "cut.pt": (
        lambda path: (torch.save({"a": torch.zeros(99)}, path), path.write_bytes(path.read_bytes()[:300])),
        "`cut.pt` is damaged: ",
    ),
    "empty.pt": (lambda path: path.write_bytes(b""), "`empty.pt` is damaged: "),
    "noise.pt": (lambda path: path.write_bytes(b"no pickle"), "`noise.pt` is damaged: "),
    "code.pt": (lambda path: torch.save({"a": Code()}, path), "`code.pt` holds a pickled `print`"),
    "old_code.pt": (lambda path: path.write_bytes(pickle.dumps(Code())), "`old_code.pt`"),
    "module.pt": (lambda path: torch.save(nn.Linear(2, 2), path), "holds a pickled `torch.nn.modules.linear.Linear`"),
    "folder": (lambda path: path.mkdir(), "the folder `folder` has no `model.safetensors`"),
    "numbers.pt": (lambda path: torch.save({"epoch": 3}, path), "no weights are found in `numbers.pt`"),
    "tensor.pt": (lambda path: torch.save(torch.zeros(3), path), "no weights are found in `tensor.pt`"),
    "several.pt": (
        lambda path: torch.save({"gen": {"a": torch.zeros(1)}, "dis": {"a": torch.zeros(1)}}, path),
        "no weights are found in `several.pt`",
    ),
    "other.pt": (lambda path: torch.save({"a": torch.zeros(1)}, path), "nothing in `other.pt` matches the net"),
    "arrays.npz": (lambda path: np.savez(path, a=np.zeros(2)), "`arrays.npz` is none of .safetensors"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_are_no_weights(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    make, message = BROKEN[name]
    make(tmp_path / name)
    with pytest.raises(SpecError) as caught:
        trained("run", {"train.weights": name})
    (found,) = caught.value.diagnostics
    assert found.code == ("TN0703" if name == "other.pt" else "TN0702") and message in found.message
    assert "must never run" not in capsys.readouterr().out
    assert found.span.text == name and not (tmp_path / "run").exists()


def test_a_run_that_goes_on_reads_its_own_weights(model, tmp_path, monkeypatch):
    """The file may be gone by then."""
    save_file(model.state_dict(), "w.safetensors")
    run = trained("run", {"train.weights": "w.safetensors"})
    (tmp_path / "w.safetensors").unlink()
    assert len(checkpoints.steps(run.path / "checkpoints"))
    again = spec(overrides={"train.epochs": 4}).train(out="run", resume=True, accept_changes=True)
    assert not again.stopped
