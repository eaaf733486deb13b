"""Every transform of torchvision's second version: a spec's gives what torchvision gives with the same draws."""

from __future__ import annotations

import warnings

import numpy as np
import PIL.Image
import pytest
import torch
from by_hand import call
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional

from tnet.data import streams
from tnet.data.transforms.choose import ELSEWHERE, choose, names
from tnet.data.transforms.kinds import taken, wrapped
from tnet.data.transforms.steps import BatchedStep, Container, CropsStep, Step, WholeStep, step
from tnet.diagnostics import SpecError
from tnet.ir.values import Call

SAMPLES = np.arange(8)
SEED, EPOCH = 3, 1
GENERATOR = torch.Generator().manual_seed(0)
SIZE = (20, 24)
FIELDS = {
    "image": tv_tensors.Image(torch.randint(0, 256, (8, 3, *SIZE), dtype=torch.uint8, generator=GENERATOR)),
    "masks": tv_tensors.Mask(torch.randint(0, 4, (8, *SIZE), dtype=torch.uint8, generator=GENERATOR)),
    "boxes": torch.tensor([[2.0, 3, 14, 15], [5, 1, 20, 18]]).expand(8, 2, 4).clone(),
    "labels": torch.arange(16).view(8, 2),
}
FIELDS = wrapped(FIELDS, {"image": "image", "masks": "mask", "boxes": "boxes"})
POINTS = wrapped(
    {"image": FIELDS["image"], "points": torch.tensor([[2.0, 3], [5, 1], [9, 9]]).expand(8, 3, 2)},
    {"image": "image", "points": "points"},
)
ALONE = {name: taken(value, torch.tensor([0])) for name, value in FIELDS.items()}
FLOATS = {"image": tv_tensors.Image(torch.rand(8, 3, *SIZE, generator=GENERATOR))}
VIDEO = {"image": tv_tensors.Video(torch.randint(0, 256, (8, 6, 3, *SIZE), dtype=torch.uint8, generator=GENERATOR))}
IMAGE_ALONE = {"image": FIELDS["image"]}

CASES: dict[str, tuple[Call, dict[str, Tensor]]] = {
    name: (call(name, *args, **kwargs), fields)
    for name, args, kwargs, fields in [
        ("AugMix", (), {}, IMAGE_ALONE),
        ("AutoAugment", (), {"policy": "cifar10"}, IMAGE_ALONE),
        ("CenterCrop", (9,), {}, FIELDS),
        ("ClampBoundingBoxes", (), {}, FIELDS),
        ("ClampKeyPoints", (), {}, POINTS),
        ("ColorJitter", (0.4, 0.3, 0.2, 0.1), {}, FIELDS),
        ("Compose", ([call("Resize", 12), call("RandomHorizontalFlip")],), {}, FIELDS),
        ("ConvertBoundingBoxFormat", ("CXCYWH",), {}, FIELDS),
        ("ConvertImageDtype", (call("float32"),), {}, IMAGE_ALONE),
        ("ElasticTransform", (), {"alpha": 20.0, "sigma": 2.0}, FIELDS),
        ("FiveCrop", (8,), {}, IMAGE_ALONE),
        ("GaussianBlur", (3,), {}, FIELDS),
        ("GaussianNoise", (), {"sigma": 0.2}, FLOATS),
        ("Grayscale", (3,), {}, FIELDS),
        ("Identity", (), {}, FIELDS),
        ("JPEG", ([30, 80],), {}, FIELDS),
        ("LinearTransformation", (np.eye(12).tolist(), [0.5] * 12), {}, {"image": FLOATS["image"][:, :, :2, :2]}),
        ("Normalize", ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6]), {}, FLOATS),
        ("PILToTensor", (), {}, FIELDS),
        ("Pad", ([1, 2],), {"fill": 3}, FIELDS),
        ("RGB", (), {}, FIELDS),
        ("RandAugment", (), {}, IMAGE_ALONE),
        ("RandomAdjustSharpness", (2.0,), {}, FIELDS),
        ("RandomAffine", (20, [0.1, 0.2]), {"shear": 5}, FIELDS),
        ("RandomApply", ([call("RandomVerticalFlip", 1.0), call("RandomInvert", 1.0)],), {"p": 0.4}, FIELDS),
        ("RandomAutocontrast", (), {}, FIELDS),
        ("RandomChannelPermutation", (), {}, FIELDS),
        ("RandomChoice", ([call("RandomCrop", 18, 3, True), call("CenterCrop", 18)], [3.0, 1.0]), {}, FIELDS),
        ("RandomCrop", (16,), {"padding": 2}, FIELDS),
        ("RandomEqualize", (), {}, FIELDS),
        ("RandomErasing", (), {}, FIELDS),
        ("RandomGrayscale", (0.5,), {}, FIELDS),
        ("RandomHorizontalFlip", (), {}, FIELDS),
        ("RandomInvert", (), {}, FIELDS),
        ("RandomIoUCrop", (), {}, ALONE),
        ("RandomOrder", ([call("RandomRotation", 20), call("ColorJitter", 0.3), call("GaussianBlur", 3)],), {}, FIELDS),
        ("RandomPerspective", (), {}, FIELDS),
        ("RandomPhotometricDistort", (), {}, FIELDS),
        ("RandomPosterize", (3,), {}, FIELDS),
        ("RandomResize", (9, 10), {}, ALONE),
        ("RandomResizedCrop", (10,), {}, FIELDS),
        ("RandomRotation", (40,), {"interpolation": "bilinear"}, FIELDS),
        ("RandomShortestSize", (11,), {}, FIELDS),
        ("RandomSolarize", (100,), {}, FIELDS),
        ("RandomVerticalFlip", (), {}, FIELDS),
        ("RandomZoomOut", (), {"side_range": [2.0, 2.0], "p": 1.0}, FIELDS),
        ("Resize", ([9, 10],), {"interpolation": "bicubic"}, FIELDS),
        ("SanitizeBoundingBoxes", (), {}, FIELDS),
        ("SanitizeKeyPoints", (), {}, POINTS),
        ("ScaleJitter", ([20, 20], [1.0, 1.0]), {}, FIELDS),
        ("SetClampingMode", ("hard",), {}, FIELDS),
        ("TenCrop", (8,), {"vertical_flip": True}, IMAGE_ALONE),
        ("ToDtype", (call("float32"),), {"scale": True}, FIELDS),
        ("ToImage", (), {}, FIELDS),
        ("ToPILImage", (), {}, IMAGE_ALONE),
        ("ToPureTensor", (), {}, FIELDS),
        ("ToTensor", (), {}, FIELDS),
        ("TrivialAugmentWide", (), {}, IMAGE_ALONE),
        ("UniformTemporalSubsample", (3,), {}, VIDEO),
    ]
}

CLASSIC = """RandomCrop CenterCrop RandomResizedCrop FiveCrop TenCrop RandomHorizontalFlip RandomVerticalFlip
RandomRotation Resize Normalize ToTensor Pad ColorJitter Grayscale LinearTransformation RandomAffine RandomGrayscale
ToPILImage Lambda RandomChoice RandomApply RandomOrder""".split()
"""The 22 transforms of the handbooks."""


def alone(fields: dict[str, Tensor], sample: int) -> dict[str, Tensor]:
    def one(value: Tensor) -> Tensor:
        plain, kind = value.as_subclass(Tensor)[sample], getattr(value, "kind", value)
        return tv_tensors.wrap(plain, like=kind) if isinstance(value, tv_tensors.TVTensor) else plain

    return {name: one(value) for name, value in fields.items()}


def by_torchvision(each: Step, sample: dict[str, Tensor], number: int) -> dict[str, Tensor]:
    """One sample through torchvision's own transform, with the draws that the step has for this sample."""
    stream = streams.key(SEED, each.stream, EPOCH)
    if isinstance(each, Container):
        return by_steps(each, sample, number, stream)
    if isinstance(each, BatchedStep):
        uniform = streams.uniform(stream, np.array([number]), each.form.draws)
        own = each.form.of(each.form.parameters(uniform, sample["image"].shape), 0)
        kinds = {name: isinstance(value, tv_tensors.TVTensor) for name, value in sample.items()}
        return {n: each.module.transform(v, own) if kinds[n] and own is not None else v for n, v in sample.items()}
    torch.manual_seed(streams.key(stream, "sample", number))
    return each.module(sample)


def by_steps(each: Container, sample: dict[str, Tensor], number: int, stream: int) -> dict[str, Tensor]:
    for chosen, steps in each.groups(streams.uniform(stream, np.array([number]), each.draws)):
        for inner in steps if chosen[0] else ():
            sample = by_torchvision(inner, sample, number)
    return sample


def as_tensor(value) -> Tensor:
    if isinstance(value, tuple):
        return torch.stack([as_tensor(each) for each in value])
    return functional.pil_to_tensor(value) if isinstance(value, PIL.Image.Image) else value.as_subclass(Tensor)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_a_transform_is_torchvisions_for_each_sample(name):
    """D4: crops, flips and all else to the bit; affine maps, rotations and colours to the rounding of float32."""
    written, fields = CASES[name]
    fields = {
        n: v if isinstance(v, tv_tensors.TVTensor) or v.ndim < 4 else tv_tensors.Image(v) for n, v in fields.items()
    }
    each = step(choose(written), "augment.0")
    numbers = SAMPLES[: len(fields["image"])]
    result = each(dict(fields), numbers, SEED, EPOCH)
    for number in numbers.tolist():
        expected = by_torchvision(each, alone(fields, number), number)
        for field, value in expected.items():
            got = result[field].as_subclass(Tensor)[number]
            torch.testing.assert_close(got, as_tensor(value), atol=1e-5, rtol=0)


def test_all_transforms_are_there_or_refused_with_a_reason():
    """D4: the whole of torchvision.transforms.v2 but for what mixes samples and what wants Python code."""
    refused = {name for name in names() if name in ELSEWHERE}
    print(f"{len(CASES)} of {len(names())} transforms of torchvision run; {', '.join(sorted(refused))} are refused")
    assert refused == {"CutMix", "MixUp", "Lambda"} and set(names()) == set(CASES) | refused
    for name in refused:
        with pytest.raises(SpecError) as caught:
            choose(call(name))
        assert caught.value.diagnostics[0].code == "TN0701" and caught.value.diagnostics[0].help
    assert len(CLASSIC) == 22 and set(CLASSIC) <= set(CASES) | {"Lambda"}  # Lambda is a function by `use`: D12


@pytest.mark.parametrize("name", ["ColorJitter", "RandomCrop", "RandomApply", "Normalize"])
def test_these_run_on_whole_batches(name):
    assert step(choose(CASES[name][0]), "s").at_once


def test_masks_and_labels_are_never_normalised_nor_recoloured():
    fields = {**FIELDS, "image": tv_tensors.Image(FIELDS["image"].float() / 255)}
    for name in ("Normalize", "ColorJitter", "RandomInvert", "GaussianBlur", "RandomErasing", "GaussianNoise"):
        result = step(choose(CASES[name][0]), "s")(dict(fields), SAMPLES, SEED, EPOCH)
        assert not torch.equal(result["image"], fields["image"])
        assert all(torch.equal(result[kept], fields[kept]) for kept in ("masks", "boxes", "labels"))


def test_whole_and_crops_steps_are_what_they_are_called():
    assert isinstance(step(choose(CASES["Resize"][0]), "s"), WholeStep)
    assert isinstance(step(choose(CASES["FiveCrop"][0]), "s"), CropsStep)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # torchvision's of `ToTensor` is for those who could write something newer
        choose(CASES["ToTensor"][0]).build()
