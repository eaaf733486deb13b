"""What fits in memory is decoded once; the rest goes through workers that stay. Samples are the same either way."""

from __future__ import annotations

from collections import Counter

import numpy as np
import PIL.Image
import pytest
import torch
from by_hand import call, net, recipe

from tnet.data import kept, loaders
from tnet.data.sources import vision

STAGES = {
    "augment": [
        call("Resize", [12, 12]), call("RandomCrop", 8), call("RandomHorizontalFlip"),
        call("ColorJitter", 0.2, hue=0.1),
        call("RandomApply", [call("GaussianBlur", 3)]), call("RandomAffine", 10, interpolation="bilinear"),
    ],
    "prepare": [call("Resize", [8, 8])],
    "transform": [call("Normalize", mean="auto", std="auto"), call("RandomErasing", 0.5)],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two classes of pictures of different sizes; counts how often each file is decoded."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    generator = np.random.default_rng(0)
    for number in range(12):
        place = tmp_path / "photos" / ("cat" if number % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(generator.integers(0, 256, (12 + number, 14, 3), dtype=np.uint8)).save(
            place / f"{number}.png"
        )
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def decoded(monkeypatch):
    counts: Counter[str] = Counter()
    cls = vision.names()["ImageFolder"]
    original = cls.__getitem__
    monkeypatch.setattr(cls, "__getitem__", lambda self, i: counts.update([self.samples[i][0]]) or original(self, i))
    return counts


def loaded(stages=STAGES, **settings):
    return recipe(net(3, 8, 8, classes=2), stages, train=call("ImageFolder", "photos"), split=[0.75, 0.25], **settings)


def epochs(loader, *numbers):
    return [batch for number in numbers for batch in loader.epoch(number)]


@pytest.mark.parametrize("settings", [{"cache": False}, {"cache": False, "workers": 2}, {"cache": True, "workers": 1}])
def test_the_same_bits_in_memory_and_by_any_number_of_workers(folder, settings):
    """D8: batches of two epochs, shuffled and augmented, with statistics; resuming in the middle too."""
    here, there = loaded().load(5, 4), loaded(**settings).load(5, 4)
    assert isinstance(here.train.samples, kept.Kept)
    for mine, other in zip(epochs(here.train, 0, 1), epochs(there.train, 0, 1), strict=True):
        assert all(torch.equal(mine[name], other[name]) for name in mine)
    for mine, other in zip(epochs(here.val, 0), epochs(there.val, 0), strict=True):
        assert torch.equal(mine["image"], other["image"])
    late = next(loaded(**settings).load(5, 4).train.epoch(1, start=2))
    assert torch.equal(late["image"], epochs(here.train, 1)[2]["image"])


def test_each_file_is_decoded_once(folder, decoded):
    data = loaded({"augment": STAGES["augment"], "prepare": STAGES["prepare"]}).load(0, 4)
    epochs(data.train, 0), epochs(data.val, 0)
    before = Counter(decoded)
    epochs(data.train, 1, 2), epochs(data.val, 0)
    assert decoded == before and data.train.samples.uniform and len(before) == 12
    assert data.train.samples.store["image"].dtype == torch.uint8


def test_pictures_of_different_size_are_kept_one_by_one(folder):
    stages = {"augment": [call("RandomCrop", 8)], "prepare": [call("CenterCrop", 8)]}
    data, read_again = loaded(stages).load(0, 4), loaded(stages, cache=False).load(0, 4)
    for mine, other in zip(epochs(data.train, 0, 1), epochs(read_again.train, 0, 1), strict=True):
        assert torch.equal(mine["image"], other["image"])
    assert isinstance(data.train.samples.store, list)


def test_what_does_not_fit_goes_through_workers(folder, monkeypatch):
    monkeypatch.setattr("tnet.data.load.free_memory", lambda: 2000)
    monkeypatch.setattr(loaders, "PAYS_FROM", 5)
    train = loaded(pin_memory=False, prefetch=3).load(0, 4).train
    assert not isinstance(train.samples, kept.Kept)
    assert train.options["num_workers"] >= 1 and train.options["prefetch_factor"] == 3


def test_workers_live_on_from_one_epoch_to_the_next(folder):
    """D8"""
    train = loaded(cache=False, workers=2).load(0, 4).train
    epochs(train, 0)
    first, begun = train.pool, train.desk.at[:, 0].tolist()
    unfinished = train.epoch(1)
    next(unfinished)
    epochs(train, 2)
    assert train.pool is not first  # the workers of an epoch under way are not taken from it
    unfinished.close()
    again = loaded(cache=False, workers=2).load(0, 4).train
    epochs(again, 0)
    pool, workers = again.pool, again.desk.at[:, 0].tolist()
    epochs(again, 1)
    assert again.pool is pool and again.desk.at[:, 0].tolist() == workers and begun != workers


def test_free_memory_is_some_of_what_there_is():
    assert 2**20 < kept.free_memory() < 2**50
