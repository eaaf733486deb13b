"""Well-known nets against torchvision's: names, order, shapes, outputs and gradients."""

from __future__ import annotations

import pytest
import torch
import torchvision

from tests.codegen.programs import SPECS, assert_same, load, nets_of, outcome
from tnet.codegen import generate

TWINS = {
    "resnet": ("ResNet", {"depth": 18}, torchvision.models.resnet18),
    "squeezenet": ("SqueezeNet", {}, torchvision.models.squeezenet1_1),
}


def empty(make):
    """A model without its random draws."""
    with torch.device("meta"):
        return make()


@pytest.mark.parametrize("name", TWINS)
def test_equal_to_the_bit(name):
    net_name, hypers, make = TWINS[name]
    net = nets_of(SPECS / f"{name}.tnet", **hypers)[net_name]
    theirs = make()
    ours = empty(load(generate(net), net_name, f"{name}.tnet")).to_empty(device="cpu")
    ours.load_state_dict(theirs.state_dict())
    image = torch.randn(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    assert_same(outcome(lambda: ours(image), ours, True), outcome(lambda: theirs(image), theirs, True))


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_resnets(depth):
    net = nets_of(SPECS / "resnet.tnet", depth=depth)["ResNet"]
    text = generate(net)
    ours, theirs = empty(load(text, "ResNet", "resnet.tnet")), empty(getattr(torchvision.models, f"resnet{depth}"))
    assert shapes(ours) == shapes(theirs)
    assert len([line for line in text.splitlines() if line.strip()]) <= 90
    assert text.count("class ") == (4 if depth < 50 else 3) - (depth < 50)
    assert "for _ in range(" in text


def shapes(model: torch.nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    return [(name, tuple(tensor.shape)) for name, tensor in model.state_dict().items()]
