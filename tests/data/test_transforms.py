"""Transforms on whole batches give what torchvision gives for one sample with the same draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from tnet.data import streams
from tnet.data.transforms.batched import BATCHED
from tnet.data.transforms.choose import choose
from tnet.data.transforms.pipeline import Pipeline, Stage, Step
from tnet.diagnostics import SpecError
from tnet.ir.values import Call

IMAGES = {
    "uint8": torch.randint(0, 256, (16, 3, 9, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)),
    "float": torch.rand(16, 3, 9, 12, generator=torch.Generator().manual_seed(1)),
}
SAMPLES = np.arange(16)


def drawn(transform: v2.Transform, images: torch.Tensor, seed: int = 5):
    """The batched form's images, and the parameters of each sample."""
    batched = BATCHED[type(transform).__name__](transform)
    uniform = streams.uniform(seed, SAMPLES, batched.draws)
    parameters = batched.parameters(uniform, *images.shape[-2:])
    return batched.apply(images, parameters), parameters


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize(
    "name, flip", [("RandomHorizontalFlip", F.horizontal_flip), ("RandomVerticalFlip", F.vertical_flip)]
)
def test_flips_are_torchvisions_for_each_sample(kind, name, flip):
    images = IMAGES[kind]
    result, parameters = drawn(getattr(v2, name)(0.5), images)
    assert 0 < parameters["flip"].sum() < len(images)
    expected = [flip(image) if flipped else image for image, flipped in zip(images, parameters["flip"], strict=True)]
    assert torch.equal(result, torch.stack(expected))


CROPS = [
    v2.RandomCrop((6, 7)),
    v2.RandomCrop(9, padding=2),
    v2.RandomCrop((9, 12), padding=[1, 3], padding_mode="reflect"),
    v2.RandomCrop(8, padding=[1, 0, 2, 3], fill=7),
    v2.RandomCrop((11, 14), pad_if_needed=True),
]


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("crop", CROPS, ids=str)
def test_crops_are_torchvisions_for_each_sample(kind, crop):
    images = IMAGES[kind]
    result, parameters = drawn(crop, images)
    padded = F.pad(images, parameters["padding"], fill=crop.fill, padding_mode=crop.padding_mode)
    for number, image in enumerate(padded):
        top, left = int(parameters["top"][number]), int(parameters["left"][number])
        assert torch.equal(result[number], F.crop(image, top, left, *crop.size))
    assert len(set(zip(parameters["top"], parameters["left"], strict=True))) > 1


AFFINES = [
    v2.RandomAffine(8, translate=[0.2, 0.1]),
    v2.RandomAffine([10, 40], scale=[0.5, 1.5], interpolation="bilinear"),
    v2.RandomAffine(0, shear=20, fill=9),
    v2.RandomAffine(15, shear=[-5, 5, -9, 9], translate=[0.3, 0.3], interpolation="bilinear", fill=[3.0, 1.0, 2.0]),
    v2.RandomAffine(30, center=[1, 2]),
]


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("affine", AFFINES, ids=str)
def test_affine_maps_are_torchvisions_for_each_sample(kind, affine):
    images = IMAGES[kind]
    result, parameters = drawn(affine, images)
    for number, image in enumerate(images):
        expected = F.affine(
            image, parameters["angle"][number], parameters["translate"][number].tolist(),
            parameters["scale"][number], parameters["shear"][number].tolist(),
            interpolation=affine.interpolation, fill=affine.fill, center=affine.center,
        )  # fmt: skip
        torch.testing.assert_close(result[number], expected, atol=1e-5, rtol=0)
    assert len(set(parameters["angle"])) == len(images) or affine.degrees == [0, 0]


@given(st.integers(0, 2**62), st.integers(0, 2**40), st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_a_sample_gets_the_same_draws_in_any_batch(stream, sample, count):
    alone = streams.uniform(stream, np.array([sample]), count)
    among = streams.uniform(stream, np.array([7, sample, 9]), count + 2)
    assert np.array_equal(alone[0], among[1, :count])
    assert ((alone >= 0) & (alone < 1)).all()


def test_draws_are_spread_evenly_and_apart():
    uniform = streams.uniform(streams.key(0, "x"), np.arange(20_000), 3)
    assert abs(uniform.mean() - 0.5) < 0.01 and abs(uniform.var() - 1 / 12) < 0.002
    assert abs(np.corrcoef(uniform.T)[0, 1:]).max() < 0.03
    assert abs(np.corrcoef(uniform[:-1, 0], uniform[1:, 0])[0, 1]) < 0.03
    other = streams.uniform(streams.key(1, "x"), np.arange(20_000), 1)
    assert abs(np.corrcoef(uniform[:, 0], other[:, 0])[0, 1]) < 0.03


def call(name: str, *args, **kwargs) -> Call:
    return Call(name, args, kwargs, True)


@pytest.mark.parametrize("name, kwargs", [
    ("ColorJitter", {"brightness": 0.5, "hue": 0.2}), ("RandomErasing", {"p": 0.7}), ("GaussianNoise", {"sigma": 0.3}),
    ("RandomResizedCrop", {"size": 6}), ("RandomRotation", {"degrees": 30}),
])  # fmt: skip
def test_other_random_transforms_draw_for_each_sample_apart(name, kwargs):
    """The same sample in another batch, at another place, is the same; the global generator is left alone."""
    chosen = choose(call(name, **kwargs))
    step = Step(chosen, chosen.build(), "augment.0")
    images = {"image": IMAGES["float"]}
    before = torch.get_rng_state()
    all_at_once = step(images, SAMPLES, seed=3, epoch=1)["image"]
    assert torch.equal(before, torch.get_rng_state())
    some = step({"image": IMAGES["float"][[5, 2]]}, np.array([5, 2]), seed=3, epoch=1)["image"]
    assert torch.equal(some, all_at_once[[5, 2]])
    same = torch.rand(3, 9, 12).expand(4, -1, -1, -1)
    different = step({"image": same}, np.arange(4), seed=3, epoch=1)["image"]
    assert not torch.equal(different[0], different[1])
    assert not torch.equal(step(images, SAMPLES, seed=3, epoch=2)["image"], all_at_once)


def test_images_are_float_in_the_unit_interval_just_before_transform():
    seen = Stage("augment", (choose(call("RandomHorizontalFlip")),))
    pipeline = Pipeline(seen, Stage("transform"), {"image": torch.float32}, ["image"], seed=0)
    fields = pipeline({"image": IMAGES["uint8"]}, torch.arange(16), epoch=0)
    assert fields["image"].dtype == torch.float32 and fields["image"].max() <= 1 and fields["image"].max() > 0.9
    whole = Pipeline(Stage("prepare"), Stage("transform"), {"image": torch.uint8}, ["image"], seed=0)
    assert torch.equal(whole({"image": IMAGES["uint8"]}, torch.arange(16), 0)["image"], IMAGES["uint8"])


def test_normalize_on_a_batch_is_torchvisions_on_a_sample():
    arguments = {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}
    last = Stage("transform", (choose(call("Normalize", **arguments)),))
    pipeline = Pipeline(Stage("prepare"), last, {"image": torch.float32}, ["image"], seed=0)
    result = pipeline({"image": IMAGES["uint8"]}, torch.arange(16), epoch=0)["image"]
    one = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(**arguments)])
    assert torch.equal(result, torch.stack([one(image) for image in IMAGES["uint8"]]))


def test_transforms_as_arguments_are_built():
    chosen = choose(call("RandomApply", [call("ColorJitter", 0.2), call("RandomHorizontalFlip")], p=0.3))
    built = chosen.build()
    assert built.p == 0.3 and [type(each).__name__ for each in built.transforms] == [
        "ColorJitter",
        "RandomHorizontalFlip",
    ]


@pytest.mark.parametrize("wrong, code, words", [
    (call("RandomAfine", 8), "TN0701", "unknown transform `RandomAfine`"),
    (call("RandomAffine", degree=8), "TN0301", "has no argument `degree`"),
    (call("RandomAffine"), "TN0302", "needs `degrees`"),
    (call("RandomAffine", "8"), "TN0303", "takes a number or a list, not the text"),
    (call("RandomAffine", 8, [0.1, 2]), "TN0304", "between 0 and 1"),
    (call("RandomHorizontalFlip", 0.5, 3), "TN0301", "takes 1 argument, 2 are given"),
    (call("Resize", 8, interpolation="bilinera"), "TN0304", "has no value"),
    (call("MixUp"), "TN0701", "no transform of samples"),
    (call("Lambda", 3), "TN0701", "no transform of samples"),
])  # fmt: skip
def test_wrong_transforms_are_refused_by_name(wrong, code, words):
    with pytest.raises(SpecError) as caught:
        choose(wrong)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code and words in diagnostic.message


def test_a_transform_that_does_not_fit_the_data_says_so():
    chosen = choose(call("RandomCrop", 32))
    step = Step(chosen, chosen.build(), "augment.0")
    with pytest.raises(SpecError, match="`RandomCrop` cannot be applied to `image: float32\\[3, 9, 12\\]`"):
        step({"image": IMAGES["float"]}, SAMPLES, 0, 0)
