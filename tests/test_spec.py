"""The Python API of `tnet`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import tnet
from tnet.ir import sites
from tnet.ir.graph import Module, walk
from tnet.opening import read

ROOT = Path(__file__).parent.parent
DIGITS = ROOT / "specs/digits.tnet"


@pytest.fixture(scope="module")
def digits() -> tnet.Spec:
    return tnet.load(DIGITS)


def test_every_public_name_is_there():
    assert set(tnet.__all__) <= set(dir(tnet))
    assert all(getattr(tnet, name) is not None for name in tnet.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = tnet.lod


def test_hypers_and_overrides():
    spec = tnet.load(DIGITS, overrides={"train.epochs": 5, "train.precision": "bf16", "lr": "1e-2"}, width=16)
    assert spec.program.hypers["width"].value == 16 and spec.program.hypers["lr"].value == 0.01
    assert spec.recipe.epochs == 5 and spec.recipe.precision == "bf16"
    assert spec.recipe.optimizer.own["lr"] == 0.01
    assert spec.model().features[0].out_channels == 16


def test_wrong_values_have_places():
    with pytest.raises(tnet.SpecError) as caught:
        tnet.load(DIGITS, overrides={"train.epochs": "many", "widht": "16"}, classes="ten")
    found = {each.message: each for each in caught.value.diagnostics}
    assert found['`epochs` is a whole number from 1 on, not the text "many"'].span.place == "<overrides>:1:14"
    assert found["no hyper-parameter is called `widht`"].help == "did you mean `width`?"
    assert len(found) == 3


def test_a_missing_file_names_its_neighbour():
    with pytest.raises(tnet.SpecError) as caught:
        tnet.load(ROOT / "specs/digit.tnet")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TN0902" and diagnostic.help == f"did you mean `{DIGITS}`?"


def test_the_same_seed_gives_the_same_model(digits):
    first, second = digits.model(), digits.model()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    other = tnet.load(DIGITS, overrides={"train.seed": 7}).model()
    assert not torch.equal(first.head.weight, other.head.weight)


def test_a_loop_by_hand(digits):
    """M8: a model's parameters and their gradients, in an ordinary loop."""
    model = digits.model()
    data, loss = digits.data(), digits.loss()
    optimizer = digits.optimizer(model)
    scheduler = digits.scheduler(optimizer, len(data.train))
    losses = []
    for batch in data.train:
        optimizer.zero_grad()
        value = loss(model(batch["image"]), batch)
        value.backward()
        optimizer.step()
        scheduler.step()
        losses.append(value.item())
    assert len(losses) == 23 and losses[-1] < losses[0] / 1.5
    assert all(each.grad is not None for each in model.parameters())
    assert sum(each.numel() for each in model.parameters()) == digits.summary().total.parameters


def test_select(digits):
    model = digits.model()
    convolutions = digits.select(model, "Conv2d")
    assert list(convolutions.modules) == ["features.0", "features.3"]
    assert convolutions.modules["features.3"] is model.features[3]
    assert convolutions.parameters["features.0.weight"] is model.features[0].weight
    assert list(digits.select(model, "features :bias, head").parameters) == [
        "features.1.bias", "features.4.bias", "head.weight", "head.bias",
    ]  # fmt: skip
    assert isinstance(digits.select(model, "head").modules["head"], nn.Linear)


def test_a_selector_that_matches_nothing(digits):
    with pytest.raises(tnet.SpecError) as caught:
        digits.select(digits.model(), "Conv2d, haed")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.span.place == "<selector>:1:9" and diagnostic.help == "did you mean `head`?"


def test_other_nets_by_name():
    text = "net A(x: float[N, 2]) -> float[N, 3] { Linear(3) }\nnet B(x: float[N, 2]) -> float[N, 5] { Linear(5) }"
    spec = tnet.loads(text)
    assert spec.model("B").linear.out_features == 5
    with pytest.raises(tnet.SpecError) as caught:
        spec.model()
    assert caught.value.diagnostics[0].help == "choose one of `A`, `B`"
    with pytest.raises(tnet.SpecError, match="no net is called `C`"):
        spec.source("C")


def test_what_is_not_done_in_train_does_not_stand_in_the_way_of_the_model():
    text = DIGITS.read_text() + "\n# end\n"
    spec = tnet.loads(text.replace("seed      = 42", "seed = 42\n  distributed = ddp"))
    assert spec.model().head.out_features == 10
    with pytest.raises(tnet.SpecError, match="`distributed` is not done yet"):
        _ = spec.recipe
    with pytest.raises(tnet.SpecError, match="unknown training setting `emma`"):
        tnet.loads(text.replace("seed      = 42", "emma = 0.99"))


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.tnet")), ids=lambda path: path.stem)
def test_every_layer_of_a_net_is_applied(path):
    """M20: a layer that is defined but never applied cannot happen."""
    for net in tnet.Spec(read(path)).program.nets.values():
        for module in (site.node for site in sites.modules(net.root) if isinstance(site.node, Module)):
            assert set(module.children) == {node.target for node in walk(module.nodes) if node.op == "apply"}


def test_a_configured_layer_that_is_not_applied_is_no_submodule():
    """M20"""
    spec = tnet.loads("Norm = LayerNorm(eps=1e-6)\nnet A(x: float[N, 2]) -> float[N, 3] { head: Linear(3) }")
    assert [name for name, _ in spec.model().named_modules()] == ["", "head"]


def test_without_sections():
    spec = tnet.loads("net A(x: float[N, 2]) -> float[N, 3] { Linear(3) }")
    assert spec.check() == [] and spec.model() is not None
    with pytest.raises(tnet.SpecError, match="the spec has no `train` section"):
        spec.optimizer(spec.model())


def test_stages_run_once(digits):
    assert digits.program is digits.program and digits.model_class() is digits.model_class()
    assert digits.source() is digits.source()
