"""Pretrained weights: fetched where a model is built and nowhere else, and left alone by rules."""

from __future__ import annotations

from typing import ClassVar
from urllib.error import URLError

import pytest
import torch
from torchvision import models
from torchvision.models import WeightsEnum

import tnet

SPEC = """
net Classifier(image: float[N, 3, 64, 64]) -> float[N, 2] {
  backbone: models.resnet18(weights="IMAGENET1K_V1") { fc: { Linear(8); ReLU } }
  head: Linear(2)
}
parameters {
  backbone     { init = zeros }
  head         { init = ones }
  Conv2d       { init = 3 }
  BatchNorm2d.weight { init = 4 }
}
"""


@pytest.fixture
def fetched(monkeypatch):
    """What is fetched: the values of a ResNet-18 of ones and halves stand in for those on the network."""
    asked = []
    values = {name: torch.full_like(each, 0.5) for name, each in models.resnet18().state_dict().items()}

    def get_state_dict(self, *args, **kwargs):
        asked.append(str(self))
        return dict(values)

    monkeypatch.setattr(WeightsEnum, "get_state_dict", get_state_dict)
    return asked


def test_rules_leave_pretrained_values_alone(fetched):
    """M12: a pretrained net, its last layer replaced: rules initialise that, and the rest is as loaded."""
    model = tnet.loads(SPEC).model()
    assert fetched == ["ResNet18_Weights.IMAGENET1K_V1"]
    body = {name: each for name, each in model.backbone.state_dict().items() if not name.startswith("fc.")}
    assert len(body) == 120 and all((each == torch.full_like(each, 0.5)).all() for each in body.values())
    assert not model.backbone.fc[0].weight.any() and not model.backbone.fc[0].bias.any()
    assert (model.head.weight == 1).all()


def test_nothing_is_fetched_to_look_at_a_spec(fetched):
    spec = tnet.loads(SPEC)
    assert "backbone" in str(spec.summary()) and "resnet18" in spec.graph().dot and spec.source() and not fetched


def test_values_without_weights_are_those_of_rules_and_seeds():
    spec = tnet.loads(SPEC.replace('weights="IMAGENET1K_V1"', ""))
    model = spec.model()
    assert (model.backbone.conv1.weight == 3).all() and (model.backbone.layer4[1].bn2.weight == 4).all()
    text = SPEC.partition("parameters")[0].replace('weights="IMAGENET1K_V1"', "")
    first, second = (tnet.loads(text).model().state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert first["backbone.conv1.weight"].std() > 0


def test_only_the_backbone_is_pretrained(monkeypatch):
    values = {name: torch.full_like(each, 0.5) for name, each in models.resnet50().state_dict().items()}
    monkeypatch.setattr(WeightsEnum, "get_state_dict", lambda self, *args, **kwargs: dict(values))
    model = tnet.loads("""
net Segmenter(image: float[N, 3, 64, 64]) -> float[N, 4, 64, 64] {
  y = image -> body: models.fcn_resnet50(weights_backbone="DEFAULT", num_classes=4)
  return y["out"]
}
parameters { * { init = 2 } }
""").model()
    names = dict(model.named_parameters())
    assert all((each == (0.5 if ".backbone." in name else 2)).all() for name, each in names.items())
    assert any(".classifier." in name for name in names)


def test_weights_that_cannot_be_fetched_are_named(monkeypatch):
    def get_state_dict(self, *args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr(WeightsEnum, "get_state_dict", get_state_dict)
    with pytest.raises(tnet.SpecError, match=r"TN0902.*`Classifier` could not be fetched: no route to host"):
        tnet.loads(SPEC).model()


WEIGHTS = "checkpoints/resnet18-f37072fd.pth"


def test_weights_are_read_from_the_cache_of_torch_hub(monkeypatch, tmp_path):
    """The whole way of real weights, but for the network: a file that was fetched before."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    (tmp_path / WEIGHTS).parent.mkdir()
    values = models.resnet18().state_dict()
    torch.save(values, tmp_path / WEIGHTS)
    model = tnet.loads(SPEC).model()
    assert torch.equal(model.backbone.layer3[0].conv1.weight, values["layer3.0.conv1.weight"])


def test_a_file_of_weights_runs_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    (tmp_path / WEIGHTS).parent.mkdir()
    torch.save({"conv1.weight": Harm()}, tmp_path / WEIGHTS)
    with pytest.raises(tnet.SpecError, match=r"TN0902.*holds more than tensors"):
        tnet.loads(SPEC).model()
    assert not Harm.done


class Harm:
    done: ClassVar[list[str]] = []

    def __reduce__(self):
        return Harm.done.append, ("harm",)


def test_selectors_see_into_a_model():
    """M11: all layers of a kind, and those of the first stage."""
    spec = tnet.loads(SPEC.replace('weights="IMAGENET1K_V1"', ""))
    model = spec.model()
    convolutions = spec.select(model, "Conv2d").modules
    assert list(convolutions) == [name for name, m in model.named_modules() if isinstance(m, torch.nn.Conv2d)]
    assert list(spec.select(model, "backbone.layer1 :norm").parameters)[:2] == [
        "backbone.layer1.0.bn1.weight", "backbone.layer1.0.bn1.bias"
    ]  # fmt: skip
    assert list(spec.select(model, "backbone.fc").parameters) == ["backbone.fc.0.weight", "backbone.fc.0.bias"]
