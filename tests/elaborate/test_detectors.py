"""Detectors of torchvision as steps against the same by hand, and all of its builders by name."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

from tests.elaborate.models_by_hand import generated, net_of
from tnet.catalog.detectors import is_detector, keypoints, losses, most_detections
from tnet.catalog.models import find_model
from tnet.compiler import compile_spec
from tnet.source import Source

pytestmark = pytest.mark.usefixtures("one_thread")
SSD = "models.ssdlite320_mobilenet_v3_large(num_classes=5)"
INPUTS = "image: float[N, 3, H=96, W=128], boxes: float[N, K, 4], labels: int[N, K]"


def images(seed: int = 3) -> torch.Tensor:
    return torch.rand(2, 3, 96, 128, generator=torch.Generator().manual_seed(seed))


def objects() -> tuple[torch.Tensor, torch.Tensor, list[dict[str, torch.Tensor]]]:
    """Two objects in the first image and one in the second: padded, and as torchvision takes them."""
    boxes = torch.tensor([[[4.0, 4, 60, 70], [30, 8, 120, 90]], [[10, 10, 50, 80], [0, 0, 0, 0]]])
    labels = torch.tensor([[1, 2], [3, 0]])
    each = [{"boxes": b[:k], "labels": c[:k]} for b, c, k in zip(boxes, labels, (2, 1), strict=True)]
    return boxes, labels, each


def test_a_detector_by_hand():
    """Its losses and gradients in training, its padded detections else, with targets that are padded."""
    net = net_of(f"""
net A({INPUTS}) -> loss: float[], scores: float[N, 300], found: float[N, 300, 4] {{
  y = (image, {{"boxes": boxes, "labels": labels}}) -> model: {SSD}
  N, K = labels.shape
  loss = y["bbox_regression"] + y["classification"] if training else zeros([])
  return loss, y["scores"] if not training else zeros(N, 300), y["boxes"] if not training else zeros(N, 300, 4)
}}""")
    theirs = models.detection.ssdlite320_mobilenet_v3_large(num_classes=5, weights_backbone=None)
    ours = generated(net)()
    ours.load_state_dict({f"model.{name}": each.clone() for name, each in theirs.state_dict().items()})
    boxes, labels, each = objects()
    loss, scores, _ = ours.train()(images(), boxes, labels)
    expected = theirs.train()(list(images()), each)
    assert torch.equal(loss, expected["bbox_regression"] + expected["classification"]) and not scores.any()
    loss.backward()
    sum(expected.values()).backward()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine.grad, other.grad)
    with torch.no_grad():
        loss, scores, found = ours.eval()(images(), boxes, labels)
        expected = theirs.eval()(list(images()))
    assert loss == 0
    for image, mine, places in zip(expected, scores, found, strict=True):
        count = len(image["scores"])
        assert torch.equal(mine[:count], image["scores"]) and not mine[count:].any()
        assert torch.equal(places[:count], image["boxes"])


def test_without_targets_it_runs_in_eval_mode_only():
    net = net_of(f"""
net A(image: float[N, 3, 96, 128]) -> scores: float[N, 300] {{
  y = image -> model: {SSD}
  x = y["scores"] if not training else zeros([image.shape[0], 300])
}}""")
    model = generated(net)()
    assert not model.train()(images()).any()
    assert model.eval()(images()).shape == (2, 300)


def test_values_of_a_backbone():
    """M12: images prepared as for the detector, then its backbone as far as needed, or the whole of it."""
    net = net_of(f"""
net A(image: float[N, 3, 96, 128]) -> low: float[N, 672, 20, 20], high: float[N, 672, 10, 10] {{
  low, high = image -> body: {SSD} at ["backbone.features.0.13", "backbone.features.1.0.1"]
  return low, high
}}""")
    theirs = models.detection.ssdlite320_mobilenet_v3_large(num_classes=5, weights_backbone=None).eval()
    extractor = create_feature_extractor(theirs.backbone, ["features.0.13", "features.1.0.1"]).eval()
    ours = generated(net)().eval()
    ours.load_state_dict({f"body.backbone.{name}": each for name, each in extractor.state_dict().items()})
    expected = extractor(theirs.transform(list(images()))[0].tensors)
    assert all(map(torch.equal, ours(images()), expected.values()))
    net = net_of(f'net A(image: float[N, 3, 96, 128]) {{ y = image -> body: {SSD} at "backbone"; x = y["1"] }}')
    assert [str(kind) for _, kind in net.outputs] == ["float32[N, 480, 10, 10]"]


def test_submodules_of_a_detector_are_replaced():
    """Those of the heads are built for what they are given on a small run, and then run with the others."""
    text = """
net A(image: float[N, 3, 96, 128]) -> scores: float[N, 100] {
  y = image -> model: models.fasterrcnn_mobilenet_v3_large_320_fpn() {
    "backbone.body.0.0": Conv2d(16, 5, stride=2, padding=2, bias=false)
    "roi_heads.box_predictor.cls_score": Linear(5)
    "roi_heads.box_predictor.bbox_pred": Linear(20)
  }
  x = y["scores"] if not training else zeros([image.shape[0], 100])
}"""
    net = net_of(text)
    with torch.device("meta"):
        model = generated(net)().model
    assert model.roi_heads.box_predictor.cls_score.in_features == 1024
    assert model.backbone.get_submodule("body.0.0").in_channels == 3
    (fault,) = compile_spec(Source("t", text.replace("Linear(20)", "Linear(19)"))).diagnostics
    assert fault.message.startswith("the heads of `fasterrcnn_mobilenet_v3_large_320_fpn` do not fit together: ")


@pytest.mark.slow
def test_heads_of_a_detector_are_replaced():
    net = net_of("""
net A(image: float[N, 3, 96, 128]) -> masks: float[N, 100, 1, 96, 128] {
  y = image -> model: models.maskrcnn_resnet50_fpn() {
    "backbone.body.conv1": Conv2d(64, 5, stride=2, padding=2, bias=false)
    "rpn.head.cls_logits": Conv2d(3, 1)
    "roi_heads.box_predictor.cls_score": Linear(5)
    "roi_heads.box_predictor.bbox_pred": Linear(20)
    "roi_heads.mask_predictor": { ConvTranspose2d(64, 2, stride=2); ReLU; Conv2d(5, 1) }
  }
  x = y["masks"] if not training else zeros([image.shape[0], 100, 1, 96, 128])
}""")
    with torch.device("meta"):
        model = generated(net)().model
    heads = model.roi_heads
    assert (heads.box_predictor.cls_score.in_features, heads.mask_predictor[0].in_channels) == (1024, 256)
    assert (model.backbone.body.conv1.in_channels, model.rpn.head.cls_logits.in_channels) == (3, 256)


FAULTS = {
    'y = (image, {"boxes": boxes}) -> @': "the targets lack `labels`, which is `int64[N, K]` here",
    'y = (image, {"boxes": boxes, "label": labels}) -> @': "this detector has no targets `label`",
    "y = (image, boxes) -> @": "a detector's targets are a map with `boxes: float[N, K, 4]`",
    'y = (image, {"boxes": boxes, "labels": boxes}) -> @': "`labels` of the targets is `int64[N, K]` here, not a "
    "tensor `float32[N, K, 4]`",
    "y = labels -> @": "`ssdlite320_mobilenet_v3_large` takes images `float[N, 3, H, W]`, not a tensor `int64[N, K]`",
    'x = image -> @; x = x["scores"]': "`x` has a value in eval mode only",
    'y = image -> @; x = y["scores"] + 1': "`scores` has a value in eval mode only",
    'y = image -> @ at "head"': "of a detector values are taken from its backbone only, not after `head`",
    'y = image -> @ at "backbone"': "a detector prepares images by their size, which must be known where `at` takes "
    "its values",
}  # fmt: skip


@pytest.mark.parametrize("body", FAULTS)
def test_faults(body):
    text = (
        f"net A({INPUTS}) {{ {body.replace('@', SSD).replace('image ->', 'x = image ->', body.startswith('image'))} }}"
    )
    assert [each.message for each in compile_spec(Source("t", text)).diagnostics if each.is_error] == [FAULTS[body]]


# ---- every builder ---------------------------------------------------------------------------------------------------


def body_of(name: str) -> tuple[str, str]:
    """Inputs of a net with the model of that name, and its body: what is there in both modes goes out."""
    family, size = find_model(f"models.{name}").family, 64
    if family == "optical_flow":
        return "a: float[N, 3, 128, 128], b: float[N, 3, 128, 128]", f"x = (a, b) -> models.{name}()"
    if family == "detection":
        return f"image: float[N, 3, {size}, {size}]", (
            f'y = image -> models.{name}(); x = y["scores"] if not training else zeros(y["scores"].shape)'
        )
    if family == "video":
        frames, size = 16, 224 if name.startswith(("mvit", "s3d", "swin3d")) else 112
        return f"clip: float[N, 3, {frames}, {size}, {size}]", f"models.{name}()"
    size = 224 if name.startswith(("vit", "maxvit")) else 299 if "inception" in name else size
    taken = "x = x[0]" if name.endswith(("googlenet", "inception_v3")) else ""
    return f"image: float[N, 3, {size}, {size}]", f"models.{name}(); {taken}"


@pytest.mark.slow
def test_every_builder_builds_and_checks(capsys):
    """M12: all of `models.list_models()` as steps, on the meta device; prints how many of each family."""
    counts, faults = Counter(), {}
    for name in models.list_models():
        inputs, body = body_of(name)
        compilation = compile_spec(Source(name, f"net A({inputs}) {{ {body} }}"))
        counts[find_model(f"models.{name}").family or "classification", compilation.ok] += 1
        if not compilation.ok:
            faults[name] = [each.message for each in compilation.diagnostics]
    with capsys.disabled():
        print({family: count for (family, ok), count in counts.items() if ok}, faults)
    assert not faults and sum(counts.values()) == len(models.list_models())


@pytest.mark.slow
@pytest.mark.parametrize("name", models.list_models(module=models.detection))
def test_every_detector_gives_what_it_is_said_to(name):
    """The losses' names, how many detections, keypoints: read off the model, and here off what it gives."""
    more = {"num_keypoints": 7} if "keypoint" in name else {}
    model = models.get_model(name, weights=None, weights_backbone=None, num_classes=5, **more)
    model.transform.min_size, model.transform.max_size = (64,), 96
    *_, each = objects()
    for target in each:
        count = len(target["boxes"])
        target["masks"] = torch.ones(count, 96, 128, dtype=torch.uint8)
        target["keypoints"] = torch.rand(count, 7, 3) * 30 + 10
    assert is_detector(model) and set(model.train()(list(images()), each)) == set(losses(model))
    with torch.no_grad():
        found = model.eval()(list(images()))[0]
    assert len(found["scores"]) <= most_detections(model)
    assert keypoints(model) == (7 if more else 0) and ("keypoints" in found) == bool(more)


def test_no_other_model_is_a_detector():
    assert not is_detector(nn.Linear(1, 1))
