"""`.tnet` files as Python modules."""

from __future__ import annotations

import importlib
import sys

import pytest
import torch

import tnet
import tnet.importer

SPEC = """
hyper width = 8
hyper classes = 3 in [2, 3]

# A net of two layers.
net Small(v: float[N, 4]) -> float[N, classes] {
  hidden: Linear(width) -> relu
  head: Linear(classes)
}

net Other(v: float[N, 4]) { Linear(2) }

parameters { Linear.bias { init = constant(0.25) } }
train { epochs = 1; batch = 1; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1); net = Small }
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    folder = tmp_path / "tnet_test_specs"
    folder.mkdir()
    (folder / "small.tnet").write_text(SPEC)
    (folder / "broken.tnet").write_text("net (")
    (folder / "both.tnet").write_text("net")
    (folder / "both.py").write_text("kind = 'python'")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("tnet_test_specs.small")
    for name in [name for name in sys.modules if name.startswith("tnet_test_specs")]:
        del sys.modules[name]


def test_nets_are_classes_of_hyper_parameters(small):
    from tnet_test_specs.small import Small

    model = Small(width=16)
    assert (model.hidden.out_features, model.head.out_features) == (16, 3)
    assert isinstance(model, Small) and not isinstance(model, small.Other)
    assert isinstance(model, torch.nn.Module)
    assert small.__all__ == ["Small", "Other"]


def test_rules_apply(small):
    assert torch.equal(small.Small().hidden.bias, torch.full((8,), 0.25))
    assert torch.equal(small.Small().hidden.weight, small.Small().hidden.weight)


def test_help_names_the_hyper_parameters(small):
    assert "hyper classes = 3 in [2, 3]" in small.Small.__doc__


def test_wrong_hyper_parameters_and_specs(small):
    with pytest.raises(tnet.SpecError, match="widht"):
        small.Small(widht=3)
    with pytest.raises(tnet.SpecError, match="broken.tnet"):
        importlib.import_module("tnet_test_specs.broken")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("tnet_test_specs.missing")


def test_python_goes_first(small):
    assert importlib.import_module("tnet_test_specs.both").kind == "python"
