"""Pipelines of whole specs: modes, crops whose predictions are averaged, masks and boxes beside images."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch
from torchvision.transforms import v2

import tnet
from tnet.diagnostics import SpecError

NET = """
net Small(image: float[N, 3, H=8, W=8]) -> float[N, 2] {
  Conv2d(4, 3) -> relu -> AdaptiveAvgPool2d(1) -> flatten(1)
  head: Linear(2)
}
train {
  epochs = 1; batch = 4; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1); metrics = [accuracy]; compile = false
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Two classes of pictures of several sizes, in the working directory."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    generator = np.random.default_rng(0)
    for number in range(16):
        place = tmp_path / "photos" / ("cat" if number % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(0, 256, (20 + number, 24, 3), dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(place / f"{number:02}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec(data: str, **settings) -> tnet.Spec:
    return tnet.loads(NET + f'data {{ train = ImageFolder("photos"); split = [0.5, 0.5]\n{data} }}', overrides=settings)


def codes(data: str) -> list[tuple[str, str]]:
    try:
        return [(each.code, each.span.text) for each in spec(data).check() if each.is_error]
    except SpecError as problem:
        return [(each.code, each.span.text) for each in problem.diagnostics]


IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def test_training_and_evaluation_transforms_of_imagenet():
    """D3: a validation batch is what the handbook's pipeline gives to the bit; training crops have its size, and are
    drawn anew in each epoch."""
    data = spec("""
      augment:   { RandomResizedCrop(16); RandomHorizontalFlip }
      prepare:   { Resize(18); CenterCrop(16) }
      transform: { Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]) }
    """).data()
    by_hand = v2.Compose(
        [v2.Resize(18), v2.CenterCrop(16), v2.ToDtype(torch.float32, scale=True), v2.Normalize(**IMAGENET)]
    )
    files = data.val.samples.paths
    expected = [by_hand(v2.functional.pil_to_tensor(PIL.Image.open(files[i]).convert("RGB"))) for i in data.val.indices]
    assert torch.equal(torch.cat([batch["image"] for batch in data.val]), torch.stack(expected))
    first, second = (next(data.train.epoch(number)) for number in (0, 1))
    assert first["image"].shape == (4, 3, 16, 16) and not torch.equal(first["image"], second["image"])


def test_steps_of_one_mode_only():
    data = spec("""
      augment:   { Resize([8, 8]) }
      prepare:   { Resize([8, 8]) }
      transform: {
        if training { RandomErasing(1.0, value=7) } else { RandomInvert(1.0) }
        if not training { RandomVerticalFlip(1.0) }
      }
    """).data()
    train, val = next(data.train.epoch(0))["image"], next(data.val.epoch(0))["image"]
    plain = spec("augment: { Resize([8, 8]) }\nprepare: { Resize([8, 8]) }").data()
    assert ((train == 7).any((1, 2, 3))).all()
    assert torch.equal(val, 1 - next(plain.val.epoch(0))["image"].flip(-2))


def test_conditions_on_hyper_parameters_are_decided_now():
    text = (
        "hyper strong = false\n"
        + NET
        + """
    data { train = ImageFolder("photos"); augment: { Resize([8, 8]); if strong { RandomInvert(1.0) } } }"""
    )
    weak, strong = (next(tnet.loads(text, strong=on).data().train.epoch(0))["image"] for on in (False, True))
    torch.testing.assert_close(strong, 1 - weak, atol=1e-6, rtol=0)


@pytest.mark.parametrize("crops, count", [("FiveCrop", 5), ("TenCrop", 10)])
def test_predictions_of_crops_are_averaged(crops, count, tmp_path):
    """D4: loss and accuracy are those of the mean output over the crops, in evaluation and in `predict`."""
    made = spec(f"""
      augment:   {{ RandomResizedCrop(16) }}
      prepare:   {{ Resize(18); {crops}(16) }}
      transform: {{ Normalize(mean="auto", std="auto") }}
    """)
    run = made.train(out=tmp_path / "run")
    data = made.data()
    batch = next(data.val.epoch(0))
    assert batch["image"].shape[:2] == (4, count)
    total, model = 0.0, run.model.eval()
    with torch.no_grad():
        for batch in data.val.epoch(0):
            output = torch.stack([model(batch["image"][:, crop]) for crop in range(count)]).mean(0)
            total += float(torch.nn.functional.cross_entropy(output, batch["target"], reduction="sum"))
        sample = next(data.val.epoch(0))["image"][:1]
        mean = model(sample[0]).mean(0)
    assert run.metrics["val.loss"] == pytest.approx(total / data.val.count, rel=1e-5)
    from tnet.training.prediction import predict

    (answer,) = predict(tmp_path / "run", [data.val.samples.paths[data.val.indices[0]]])
    torch.testing.assert_close(torch.tensor(answer["output"]), mean, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("data, code, place", [
    ("augment: { FiveCrop(16) }", "TN0704", "FiveCrop(16)"),
    ("transform: { TenCrop(16) }", "TN0704", "TenCrop(16)"),
    ("prepare: { RandomApply([FiveCrop(16)]) }", "TN0704", "RandomApply([FiveCrop(16)])"),
    ("prepare: { Resize(0) }", "TN0304", "0"),
    ("augment: { RandomCrop([8, -1]) }", "TN0304", "[8, -1]"),
    ("augment: { RandomPosterize(bits=9) }", "TN0304", "9"),
    ("augment: { RandomPhotometricDistort(p=2) }", "TN0304", "2"),
    ("augment: { RandomChoice([RandomCropp(8)]) }", "TN0701", "RandomCropp"),
    ("augment: { RandomApply(RandomCrop(8)) }", "TN0303", "RandomCrop(8)"),
    ("augment: { RandomOrder([3]) }", "TN0303", "[3]"),
    ("augment: { RandomApply([Normalize(\"auto\", \"auto\")]) }", "TN0301", "Normalize(\"auto\", \"auto\")"),
    ("transform: { ToDtype(flaot32) }", "TN0303", "flaot32"),
    ("transform: { if trainin { RandomErasing } }", "TN0303", "trainin"),
    ("augment: { Lambda(relu) }", "TN0701", "Lambda(relu)"),
])  # fmt: skip
def test_what_is_wrong_is_found_when_the_spec_is_read(data, code, place):
    assert (code, place) in codes(data)


SEGMENTATION = '''
"""Pictures with masks and boxes, as a data set of one's own."""
import torch
from torchvision import tv_tensors

class Shapes:
    def __len__(self):
        return 6

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        image = torch.randint(0, 256, (3, 12, 12), dtype=torch.uint8, generator=generator)
        boxes = tv_tensors.BoundingBoxes([[3, 4, 6, 8]], format="XYXY", canvas_size=(12, 12))
        return {"image": tv_tensors.Image(image), "target": tv_tensors.Mask(image[0] // 128), "boxes": boxes}
'''


def test_masks_and_boxes_go_with_the_image_and_are_never_normalised(folder):
    (folder / "shapes.py").write_text(SEGMENTATION)
    (folder / "s.tnet").write_text("""
use shapes: Shapes
net Segment(image: float[N, 3, H, W]) -> float[N, 2, H, W] { Conv2d(2, 1) }
data {
  train = Shapes()
  augment: { RandomHorizontalFlip(1.0); ColorJitter(0.5); RandomCrop(12, padding=2) }
  transform: { Normalize(mean="auto", std="auto") }
}
""")
    batch = next(tnet.load("s.tnet", allow=["shapes"]).data().train.epoch(0))
    mask, image = batch["target"][0], batch["image"][0]
    assert mask.dtype == torch.int64 and set(mask.unique().tolist()) <= {0, 1}
    bright, dark = image[0][mask == 1], image[0][(mask == 0) & (image[0] != image[0, 0, 0])]
    assert bright.min() >= dark.max() - 1e-4  # the mask is where red was above 127, wherever both have gone
    left, top, right, bottom = batch["boxes"][0, 0].tolist()
    assert 6 - 2 <= left <= 6 + 2 and 4 - 2 <= top <= 4 + 2 and (right - left, bottom - top) == (3, 4)
