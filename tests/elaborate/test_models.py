"""`models.NAME(…) { … } at …` against the same surgery by hand in PyTorch, and against torchvision's registry."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

from tests.codegen.programs import SPECS, nets_of
from tests.elaborate.models_by_hand import assert_equal, assert_same, generated, net_of, outcome
from tnet.catalog.models import find_model, prototype
from tnet.ir.graph import Model
from tnet.ir.sites import modules, parameters

IMAGE = "image: float[N, 3, 64, 64]"


def replaced(build, path, module):
    def make():
        model = build()
        model.set_submodule(path, module())
        return model

    return make


SURGERY = {
    "resnet18": ("resnet18() { fc: Identity }", replaced(models.resnet18, "fc", nn.Identity), 64),
    "vgg16": (
        'vgg16() { "classifier.6": { Dropout(0.2); Linear(2) } }',
        replaced(models.vgg16, "classifier.6", lambda: nn.Sequential(nn.Dropout(0.2), nn.Linear(4096, 2))),
        32,
    ),
    "mobilenet_v3_small": (
        'mobilenet_v3_small() { "classifier.3": Linear(5) }',
        replaced(models.mobilenet_v3_small, "classifier.3", lambda: nn.Linear(1024, 5)),
        64,
    ),
    "densenet121": (
        "densenet121() { classifier: Linear(5) }",
        replaced(models.densenet121, "classifier", lambda: nn.Linear(1024, 5)),
        32,
    ),
    "vit_b_16": (
        'vit_b_16(image_size=32) { "heads.head": Linear(5) }',
        replaced(lambda: models.vit_b_16(image_size=32), "heads.head", lambda: nn.Linear(768, 5)),
        32,
    ),
}


@pytest.mark.parametrize("name", SURGERY)
def test_surgery_is_that_by_hand(name):
    text, by_hand, size = SURGERY[name]
    net = net_of(f"net A(image: float[N, 3, {size}, {size}]) {{ model: models.{text} }}")
    assert_same(net, by_hand, torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(3)))


TAPS = {
    "one of a list": ('vgg16() at ["features.29"]', models.vgg16, ["features.29"]),
    "several": ('resnet18() at ["layer2", "layer4"]', models.resnet18, ["layer2", "layer4"]),
    "inside": ('mobilenet_v3_small() at "features.3.block.0"', models.mobilenet_v3_small, ["features.3.block.0"]),
}  # fmt: skip


@pytest.mark.parametrize("case", TAPS)
def test_features_are_those_of_torchvision(case):
    """M12: features of one layer, of several layers, equal to `create_feature_extractor`; nothing else is kept."""
    text, build, paths = TAPS[case]
    net = net_of(f"net A({IMAGE}) {{ model: models.{text} }}")
    inputs = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    assert_same(net, lambda: create_feature_extractor(build(), paths), inputs)


def test_m11_the_first_layers():
    """M11: a net that is the first layers of a known one."""
    net = net_of(f'net A({IMAGE}) -> float[N, 64, 16, 16] {{ stem: models.resnet18() at "maxpool" }}')
    assert list(generated(net)().state_dict())[::5] == ["stem.conv1.weight", "stem.bn1.num_batches_tracked"]


def test_one_path_gives_a_value_and_several_give_a_tuple():
    net = net_of(f'net A({IMAGE}) {{ a, b = image -> models.resnet18() at ["layer1", "layer2"]; return b, a }}')
    assert [str(kind) for _, kind in net.outputs] == ["float32[N, 128, 8, 8]", "float32[N, 64, 16, 16]"]
    net = net_of(f'net A({IMAGE}) -> float[N, 128, 8, 8] {{ models.resnet18() at "layer2" }}')


def test_replaced_and_tapped_at_once():
    net = net_of(f'net A({IMAGE}) {{ model: models.resnet18() {{ layer2: Conv2d(8, 1) }} at "layer2" }}')

    def by_hand():
        return create_feature_extractor(replaced(models.resnet18, "layer2", lambda: nn.Conv2d(64, 8, 1))(), ["layer2"])

    assert_same(net, by_hand, torch.randn(2, 3, 64, 64))


def test_a_block_in_place_of_a_layer():
    """What is inside a block is inferred from what the submodule is given, symbolic sizes too."""
    net = net_of("""
block Head(k) {
  N, C = x.shape
  parameter scale: float[C] = ones
  x = (x * scale).view(N, C // 2, 2).mean(dim=2)
  out: Linear(k) -> relu
}
net A(image: float[N, 3, H=64, W=64]) -> float[N, 7] {
  backbone: models.resnet18() { fc: Head(7); "layer1.0.relu": GELU }
}
""")
    model = generated(net)()
    assert type(model.backbone.fc).__name__ == "Head" and model.backbone.fc.out.in_features == 256
    assert isinstance(model.backbone.layer1[0].relu, nn.GELU)
    assert model(torch.randn(2, 3, 96, 64)).shape == (2, 7)
    assert [site.path for site in modules(net.root) if site.block == "Head"] == ["backbone.fc"]


SITES = [
    'body: models.resnet18() { fc: { a: Linear(3); b: ReLU }; "layer2.0": { Conv2d(128, 1) } }',
    'body: models.resnet18() { "layer1.1": { c: Conv2d(64, 1); relu } } at ["layer1", "conv1"]; x = x[0]',
    'g: { models.resnet18() { conv1: Conv2d(64, 3); fc: Identity }; Linear(4) }',
    'for c in [3, 5] { "m{c}": models.squeezenet1_1() { "classifier.1": Conv2d(3, 1) }; Unflatten(1, [3, 1, 1]); Upsample(64) }',  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize("body", SITES)
def test_sites_are_those_of_the_module(body):
    """What rules, selectors and summaries walk over is what the built module has, in its order."""
    net = net_of(f"net A({IMAGE}) {{ {body} }}")
    with torch.device("meta"):
        model = generated(net)()
    assert [site.path for site in modules(net.root)] == [name for name, _ in model.named_modules()]
    found = [(site.name, site.shape) for site in parameters(net.root)]
    assert found == [(name, tuple(each.shape)) for name, each in model.named_parameters()]


def test_a_model_applied_twice_has_one_set_of_weights():
    net = net_of("""
net A(a: float[N, 3, 64, 64], b: float[N, 3, 64, 64]) {
  u = a -> body: models.resnet18() at ["layer1", "layer2"]
  v = b -> body
  return u[1] - v[1]
}""")
    model = generated(net)().eval()
    x = torch.randn(1, 3, 64, 64)
    assert list(net.root.children) == ["body"] and not model(x, x).any()


def test_a_model_as_a_value():
    net = net_of(f"""
Body = models.resnet18(num_classes=7)
net A({IMAGE}) -> float[N, 7] {{ Body {{ "layer4.1": Identity }} }}
""")
    assert isinstance(generated(net)().resnet18.layer4[1], nn.Identity)


def test_maps_of_tensors_flow_as_maps():
    net = net_of("""
net A(image: float[N, 3, 32, 32]) -> out: float[N, 5, 32, 32], aux: float[N, 5, 32, 32] {
  y = image -> model: models.fcn_resnet50(num_classes=5, aux_loss=true)
  return y["out"], y["aux"]
}""")

    def by_hand():
        return models.segmentation.fcn_resnet50(num_classes=5, aux_loss=True, weights_backbone=None)

    assert_same(net, by_hand, torch.randn(2, 3, 32, 32))


def test_models_copy_pickle_and_compile():
    """Also what is taken from inside: the extractor of torchvision forgets its mode in a copy."""
    net = net_of(f'net A({IMAGE}) {{ body: models.resnet18() {{ fc: Linear(2) }} at "layer1" }}')
    model, x = generated(net)().eval(), torch.randn(1, 3, 64, 64)
    for other in (
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        torch.compile(model, backend="eager", fullgraph=True),
    ):
        assert torch.equal(other(x), model(x))


SPEC_NETS = [("pieces.tnet", "Pyramid"), ("finetune.tnet", "Classifier")]


@pytest.mark.parametrize(("spec", "name"), SPEC_NETS)
def test_specs_of_the_gallery_with_models(spec, name):
    net = nets_of(SPECS / spec)[name]
    with torch.device("meta"):
        model = prototype(generated(net)).model
        size = net.root.inputs[0].type.dims[2]
        outputs = model.eval()(torch.empty(2, 3, size, size))
    shapes = [tuple(each.shape) for each in (outputs if isinstance(outputs, tuple) else (outputs,))]
    assert shapes == [(2, *kind.dims[1:]) for _, kind in net.outputs]


def test_pyramid_of_the_gallery_by_hand():
    net = nets_of(SPECS / "pieces.tnet")["Pyramid"]
    ours, theirs = generated(net)(), create_feature_extractor(models.resnet18(), ["layer2", "layer4"])
    ours.body.load_state_dict(theirs.state_dict())

    class ByHand(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = theirs

        def forward(self, image):
            features = self.body(image)
            return features["layer2"].mean(dim=[2, 3]), features["layer4"].mean(dim=[2, 3])

    x = torch.randn(2, 3, 64, 64)
    assert_equal(outcome(ours, x, True), outcome(ByHand(), x, True))


# ---- torchvision's registry ------------------------------------------------------------------------------------------


def test_every_builder_is_found_and_built_without_its_weights(monkeypatch):
    """By both names; on the meta device, with the structure that named weights ask for, and nothing is fetched."""
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", None)
    for name in models.list_models():
        builder = find_model(f"models.{name}")
        assert builder.build is models.get_model_builder(name)
        place = builder.path.removeprefix("torchvision.models.")
        assert find_model(f"models.{place}") == builder
    for name in CONSTRUCTED:
        builder = find_model(f"models.{name}")
        argument = next(iter(builder.weights))
        made = prototype(lambda builder=builder, argument=argument: builder.build(**{argument: "DEFAULT"}))
        assert all(each.is_meta for each in made.model.state_dict().values())
        assert made.pretrained == set(made.model.state_dict())


CONSTRUCTED = ("regnet_y_400mf", "googlenet", "efficientnet_b0", "fcn_resnet50", "r3d_18", "raft_small", "swin_t")


def test_weights_of_the_backbone_are_its_own():
    builder = find_model("models.fcn_resnet50")
    made = prototype(lambda: builder.build(weights_backbone="DEFAULT"))
    assert made.pretrained == {name for name in made.model.state_dict() if name.startswith("backbone.")}


@pytest.mark.parametrize("text", ["r3d_18()", "models.video.r3d_18()"])
def test_video(text):
    net = net_of(f"net A(v: float[N, 3, T=8, 32, 32]) -> float[N, 400] {{ models.{text.removeprefix('models.')} }}")
    (layer,) = net.root.children.values()
    assert isinstance(layer, Model) and layer.path == "torchvision.models.video.r3d_18"


def test_a_model_in_a_sequence():
    """In an expression, such as an item of a sequence, a function of the file replaces submodules."""
    net = net_of(f"net A({IMAGE}) {{ g: {{ models.resnet18() {{ fc: Identity }}; Linear(2) }} }}")
    model = generated(net)()
    assert isinstance(model.g, nn.Sequential) and isinstance(model.g[0].fc, nn.Identity)


def test_paths_replaced_are_no_labels_of_the_body():
    """In a group whose own text has no label, submodules are numbered; the paths in a model are not its labels."""
    net = net_of(f"net A({IMAGE}) {{ g: {{ models.resnet18() {{ fc: Identity }}; Linear(2) }}; fc: Linear(3) }}")
    assert list(net.root.children["g"].children) == ["0", "1"] and list(net.root.children) == ["g", "fc"]
