"""Transforms on whole batches give what torchvision gives for one sample with the same draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import tv_tensors
from torchvision.transforms import v2

from tnet.data import streams
from tnet.data.transforms.batched import batched
from tnet.data.transforms.choose import choose
from tnet.data.transforms.pipeline import Pipeline, Stage
from tnet.data.transforms.steps import step as step_of
from tnet.diagnostics import SpecError
from tnet.ir.values import Call

IMAGES = {
    "uint8": torch.randint(0, 256, (16, 3, 18, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)),
    "float": torch.rand(16, 3, 18, 20, generator=torch.Generator().manual_seed(1)),
}
SAMPLES = np.arange(16)
KINDS = {"image": "image"}

EXACT = [
    v2.RandomHorizontalFlip(0.5),
    v2.RandomVerticalFlip(0.5),
    v2.RandomCrop((6, 7)),
    v2.RandomCrop(9, padding=2),
    v2.RandomCrop((9, 12), padding=[1, 3], padding_mode="reflect"),
    v2.RandomCrop(8, padding=[1, 0, 2, 3], fill=7),
    v2.RandomCrop((21, 24), pad_if_needed=True),
    v2.RandomResizedCrop(7),
    v2.RandomResizedCrop((5, 8), scale=(0.3, 1.0), ratio=(0.5, 3.0), interpolation="nearest"),
    v2.RandomResizedCrop(6, scale=(0.9, 1.0), ratio=(3.0, 4.0)),
    v2.RandomErasing(0.7),
    v2.RandomErasing(0.7, scale=(0.5, 1.0), ratio=(0.1, 9.0), value=[0.1, 0.2, 0.3]),
    v2.RandomGrayscale(0.5),
    v2.RandomInvert(0.5),
    v2.RandomSolarize(0.6, p=0.5),
    v2.RandomAutocontrast(0.5),
    v2.RandomEqualize(0.5),
    v2.RandomAdjustSharpness(2.0, p=0.5),
    v2.RandomRotation([90, 90]),
]
TO_ROUNDING = [
    v2.RandomAffine(8, translate=[0.2, 0.1]),
    v2.RandomAffine([10, 40], scale=[0.5, 1.5], interpolation="bilinear"),
    v2.RandomAffine(0, shear=20, fill=9),
    v2.RandomAffine(15, shear=[-5, 5, -9, 9], translate=[0.3, 0.3], interpolation="bilinear", fill=[3.0, 1.0, 2.0]),
    v2.RandomAffine(30, center=[1, 2]),
    v2.RandomRotation(50),
    v2.RandomRotation([5, 170], interpolation="bilinear", fill=[0.5, 0.1, 0.2], center=[3, 1]),
    v2.ColorJitter(0.5, 0.4, 0.3, 0.2),
    v2.ColorJitter(hue=(0.1, 0.5)),
    v2.ColorJitter(brightness=[0.1, 3.0], saturation=2.0),
    v2.RandomPhotometricDistort(p=0.6),
]


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize(
    "transform, tolerance", [*((each, 0) for each in EXACT), *((each, 1e-5) for each in TO_ROUNDING)], ids=str
)
def test_a_batch_is_torchvisions_for_each_sample_with_the_same_draws(transform, tolerance, kind):
    """Flips, crops and what changes single pixels to the bit; affine maps and colours, whose factors are multiplied in
    as tensors, to the rounding of float32."""
    images = IMAGES[kind]
    form = batched(type(transform).__name__, transform)
    parameters = form.parameters(streams.uniform(5, SAMPLES, form.draws), images.shape)
    result = form.apply(tv_tensors.Image(images), parameters)
    assert isinstance(result, tv_tensors.Image)
    changed = 0
    for number, image in enumerate(images):
        own = form.of(parameters, number)
        expected = transform.transform(tv_tensors.Image(image), own) if own is not None else image
        torch.testing.assert_close(result[number], expected.as_subclass(torch.Tensor), atol=tolerance, rtol=0)
        changed += own is not None and (expected.shape != image.shape or not torch.equal(expected, image))
    assert changed > 1 and (0.5 != getattr(transform, "p", None) or changed < len(images))


@pytest.mark.parametrize("kind", IMAGES)
def test_every_random_transform_of_pictures_draws_as_torchvision_does(kind):
    """Drawn parameters stay where torchvision's do: the means of what both draw agree."""
    images, numbers = IMAGES[kind], np.arange(4000)
    torch.manual_seed(0)
    for transform in [v2.RandomCrop(6), v2.RandomResizedCrop(7), v2.RandomAffine(8, [0.2, 0.3], [0.5, 2.0], 9),
                      v2.RandomRotation(30), v2.ColorJitter(0.3, 0.2, 0.1, 0.05), v2.RandomErasing(1.0)]:  # fmt: skip
        form = batched(type(transform).__name__, transform)
        parameters = form.parameters(streams.uniform(1, numbers, form.draws), images.shape)
        theirs = [transform.make_params([images[0]]) for _ in range(1000)]
        mine = [form.of(parameters, number) for number in range(len(numbers))]
        for name in (key for key in theirs[0] if key not in ("v", "needs_crop", "needs_pad", "fn_idx", "padding")):
            drawn = [
                np.array([np.atleast_1d(each[name]) for each in lot if each is not None]) for lot in (mine, theirs)
            ]
            spread = max(float(drawn[1].std()), 1e-3)
            assert abs(drawn[0].mean(0) - drawn[1].mean(0)).max() < 0.15 * spread + 1e-6, (transform, name)


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
    step = step_of(chosen, "augment.0")
    images = {"image": IMAGES["float"]}
    before = torch.get_rng_state()
    all_at_once = step(images, SAMPLES, seed=3, epoch=1)["image"]
    assert torch.equal(before, torch.get_rng_state())
    some = step({"image": IMAGES["float"][[5, 2]]}, np.array([5, 2]), seed=3, epoch=1)["image"]
    assert torch.equal(some, all_at_once[[5, 2]])
    same = torch.rand(3, 18, 20).expand(4, -1, -1, -1)
    different = step({"image": same}, np.arange(4), seed=3, epoch=1)["image"]
    assert not torch.equal(different[0], different[1])
    assert not torch.equal(step(images, SAMPLES, seed=3, epoch=2)["image"], all_at_once)


def test_images_are_float_in_the_unit_interval_just_before_transform():
    seen = Stage("augment", (choose(call("RandomHorizontalFlip")),))
    pipeline = Pipeline(seen, Stage("transform"), {"image": torch.float32}, KINDS, seed=0)
    fields = pipeline({"image": IMAGES["uint8"]}, torch.arange(16), epoch=0)
    assert fields["image"].dtype == torch.float32 and fields["image"].max() <= 1 and fields["image"].max() > 0.9
    whole = Pipeline(Stage("prepare"), Stage("transform"), {"image": torch.uint8}, KINDS, seed=0)
    assert torch.equal(whole({"image": IMAGES["uint8"]}, torch.arange(16), 0)["image"], IMAGES["uint8"])


def test_normalize_on_a_batch_is_torchvisions_on_a_sample():
    arguments = {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}
    last = Stage("transform", (choose(call("Normalize", **arguments)),))
    pipeline = Pipeline(Stage("prepare"), last, {"image": torch.float32}, KINDS, seed=0)
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
    step = step_of(chosen, "augment.0")
    with pytest.raises(SpecError, match="`RandomCrop` cannot be applied to `image: float32\\[3, 18, 20\\]`"):
        step({"image": IMAGES["float"]}, SAMPLES, 0, 0)
