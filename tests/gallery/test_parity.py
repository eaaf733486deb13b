"""The gallery's nets are torchvision's, and so are others that were written from the language's description alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import torchvision
from parity import SPECS, assert_same_numbers, builder, class_of, empty_state, net_of, scatter, state
from torchvision.models import DenseNet, VisionTransformer

from tnet.shapes.conditions import python_text

pytestmark = pytest.mark.usefixtures("one_thread")
GALLERY = [
    ("resnet", {"depth": 18}, "resnet18"),
    ("resnet", {"depth": 34}, "resnet34"),
    ("resnet", {"depth": 50}, "resnet50"),
    ("alexnet", {}, "alexnet"),
    ("squeezenet", {}, "squeezenet1_1"),
    ("efficientnet", {}, "efficientnet_b0"),
    ("inception", {}, "googlenet"),
]


@pytest.mark.parametrize(("spec", "hypers", "name"), GALLERY, ids=[name for *_, name in GALLERY])
def test_gallery(spec, hypers, name):
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    ours, theirs = class_of(net_of(SPECS / f"{spec}.tnet", **hypers))(), scatter(builder(name, **options))
    assert state(ours) == state(theirs)
    ours.load_state_dict(theirs.state_dict())
    assert_same_numbers(ours, theirs, 64)


VIT = {"image_size": 32, "patch_size": 16, "num_layers": 2, "num_heads": 4, "hidden_dim": 32, "mlp_dim": 128}
SMALL = [
    ("densenet", {"growth": 8, "layers": [2, 3, 1, 2]}, lambda: DenseNet(8, (2, 3, 1, 2), 16), 64),
    ("vit", {"size": 32, "width": 32, "depth": 2, "heads": 4}, lambda: VisionTransformer(**VIT), 32),
]
"""Nets that are large as published: smaller ones of the same make, and the size of their images."""


@pytest.mark.parametrize(("spec", "hypers", "make", "size"), SMALL, ids=[spec for spec, *_ in SMALL])
def test_smaller_ones(spec, hypers, make, size):
    ours, theirs = class_of(net_of(SPECS / f"{spec}.tnet", **hypers))(), scatter(make())
    assert state(ours) == state(theirs)
    ours.load_state_dict(theirs.state_dict())
    assert_same_numbers(ours, theirs, size)


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "name"), [("densenet", "densenet121"), ("vit", "vit_b_16")])
def test_published_ones_have_torchvisions_state(spec, name):
    assert empty_state(class_of(net_of(SPECS / f"{spec}.tnet"))) == empty_state(builder, name)


@pytest.mark.parametrize("depth", [101, 152])
def test_deep_resnets_have_torchvisions_state(depth):
    ours = class_of(net_of(SPECS / "resnet.tnet", depth=depth))
    assert empty_state(ours) == empty_state(builder, f"resnet{depth}")


WILD = sorted((Path(__file__).parent / "wild").glob("*.tnet"))
TWIN = re.compile(r"^# torchvision: (?P<call>\S.*?\))(?: at (?P<hypers>.+))?$", re.MULTILINE)


def keywords(call: str) -> dict:
    return {each.arg: ast.literal_eval(each.value) for each in ast.parse(call, mode="eval").body.keywords}


TWINS = [
    pytest.param(path, twin["call"], keywords(f"spec({twin['hypers'] or ''})"), id=twin["call"].split("(")[0])
    for path in WILD
    for twin in TWIN.finditer(path.read_text())
]

SIZES = {"inception_v3": 96, "swin": 224}
"""Images are 64x64 but for nets that need more."""

LABELS = {"regnet": (r"(block\d)_(\d)", r"\1-\2")}
"""A label is a Python name, `block1_0`; torchvision calls it `block1-0`."""

OTHER_ORDER = {"swin"}
"""Its patch merging registers the layer that it applies last first; a spec registers layers as it applies them."""


@pytest.mark.slow
@pytest.mark.parametrize(("path", "call", "hypers"), TWINS)
def test_wild(path, call, hypers):
    ours, theirs = class_of(net_of(path, **hypers))(), scatter(builder(call.split("(")[0], **keywords(call)))
    named = {name: re.sub(*LABELS.get(path.stem, ("$^", "")), name) for name in ours.state_dict()}
    ours_state = [(named[name], *rest) for name, *rest in state(ours)]
    order = sorted if path.stem in OTHER_ORDER else list
    assert order(ours_state) == order(state(theirs))
    ours.load_state_dict({name: theirs.state_dict()[other] for name, other in named.items()})
    assert_same_numbers(ours, theirs, SIZES.get(path.stem, 64), named)


SMALLEST = {
    "alexnet": "alexnet",
    "squeezenet": "squeezenet1_1",
    "efficientnet": "efficientnet_b0",
    "resnet": "resnet50",
    "wild/vgg": "vgg16",
    "densenet": "densenet121",
    "inception": "googlenet",
    "wild/inception_v3": "inception_v3",
    "wild/convnext": "convnext_tiny",
    "wild/shufflenet": "shufflenet_v2_x1_0",
}


@pytest.mark.parametrize(("spec", "name"), SMALLEST.items(), ids=SMALLEST.values())
def test_smallest_image_is_what_torchvision_documents(spec, name):
    """A net tests its sizes on entry: the conditions found by inference are the sizes that the model card gives."""
    folder = Path(__file__).parent if spec.startswith("wild/") else SPECS
    smallest = torchvision.models.get_model_weights(name).DEFAULT.meta["min_size"][0]
    found = {python_text(each.relation) for each in net_of(folder / f"{spec}.tnet").conditions}
    assert found == ({f"H >= {smallest}", f"W >= {smallest}"} if smallest > 1 else set())
