"""What becomes of samples in a batch: several views of each, padded ones, and those that cannot be read."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch
from by_hand import SPAN, call, net, recipe, refused

from tnet.ir.graph import Module, Net, Value
from tnet.ir.types import TensorType

JITTER = {"augment": [call("ColorJitter", 0.9)], "prepare": []}


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Twelve pictures of two classes, of one shade each, in the working directory."""
    monkeypatch.chdir(tmp_path)
    for number in range(12):
        folder = tmp_path / "photos" / ("cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (5, 4), (20 * number + 10,) * 3).save(folder / f"{number:02}.png")
    return tmp_path / "photos"


def taking(**dims):
    """A net of these float inputs, int64 where the name says lengths."""
    values = [
        Value(name, TensorType("int64" if "lengths" in name else "float32", ("N", *sizes)), SPAN)
        for name, sizes in dims.items()
    ]
    root = Module("net", "Net", values, own_inputs=len(values))
    return Net("Net", root, ((None, TensorType("float32", ("N", 2))),), {"N": None})


# ---- views -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 1])
def test_two_views_of_each_sample(photos, workers):
    pair = taking(one=(3, 4, 5), two=(3, 4, 5))
    source = call("ImageFolder", "photos")
    data = recipe(pair, JITTER, train=source, val=source, views=2, workers=workers).load(3, 12)
    batch, again = next(data.train.epoch(1)), next(data.train.epoch(1))
    assert not torch.equal(batch["one"], batch["two"]) and torch.equal(batch["two"], again["two"])
    alone = recipe(taking(one=(3, 4, 5)), JITTER, train=source, workers=0).load(3, 12)
    assert torch.equal(next(alone.train.epoch(1))["one"], batch["one"])
    plain = next(data.val.epoch(0))
    assert torch.equal(plain["one"], plain["two"])


def test_views_of_arrays_leave_the_other_inputs():
    x, more, y = np.random.rand(6, 3, 4, 5).astype(np.float32), np.random.rand(6, 2).astype(np.float32), np.arange(6)
    inputs = taking(one=(3, 4, 5), two=(3, 4, 5), more=(2,))
    data = recipe(inputs, train=call("Iris"), views=2).load(0, 6, data=(x, more, y))
    batch = next(data.train.epoch(0))
    assert torch.equal(batch["one"], batch["two"]) and batch["more"].shape == (6, 2)


# ---- pad -------------------------------------------------------------------------------------------------------------


class Ragged:
    """Sample i is a list of i + 1 numbers with i + 1 boxes of class i."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        values = torch.full((index + 1,), float(index + 1))
        return {"v": values, "boxes": values[:, None].repeat(1, 4), "target": index % 2}


def ragged(pad, *names, batch=4):
    from tnet.data.items import Items
    from tnet.data.loaders import Loader
    from tnet.data.padding import from_data, padding
    from tnet.data.transforms.pipeline import Pipeline, Stage

    inputs = taking(v=("T",), **{name: () for name in names}).root.inputs
    fields = tuple(each.name for each in from_data(inputs, pad, 1))
    pipeline = Pipeline(Stage("augment"), Stage("transform"), {each.name: torch.float32 for each in inputs[:1]}, {}, 0)
    samples = Items(Ragged(), fields, None, None, SPAN)
    return Loader(samples, torch.arange(4), pipeline, batch, padding=padding(pad, inputs))


def test_ragged_fields_are_padded_with_their_lengths():
    batch = next(ragged(-1).epoch(0))
    assert batch["v"].tolist() == [[1, -1, -1, -1], [2, 2, -1, -1], [3, 3, 3, -1], [4, 4, 4, 4]]
    assert batch["v_lengths"].tolist() == batch["boxes_lengths"].tolist() == [1, 2, 3, 4]
    assert batch["boxes"].shape == (4, 4, 4) and batch["boxes"][0, 1:].eq(-1).all()
    assert "target_lengths" not in batch


def test_lengths_are_an_input_where_the_net_takes_them():
    batch = next(ragged(0, "v_lengths", batch=2).epoch(0))
    assert batch["v"].shape == (2, 2) and batch["v_lengths"].tolist() == [1, 2]


def test_without_padding_the_sizes_must_agree():
    assert "samples of different size in a batch: `v`" in refused(lambda: next(ragged(None).epoch(0)), "TN0703")


def test_images_are_padded_at_the_right_and_below(photos):
    PIL.Image.new("RGB", (7, 2), (255, 255, 255)).save(photos / "cat" / "wide.png")
    data = recipe(net(3, "H", "W", classes=2), train=call("ImageFolder", "photos"), pad=0, workers=0).load(0, 20)
    batch = next(data.train.epoch(0))
    assert batch["image"].shape == (13, 3, 4, 7)
    row = batch["image_lengths"].tolist().index([2, 7])
    assert batch["image"][row, :, :2].eq(1).all() and batch["image"][row, :, 2:].eq(0).all()
    assert batch["image_lengths"].tolist().count([4, 5]) == 12


# ---- on_bad_sample ---------------------------------------------------------------------------------------------------


def damaged(photos, *numbers):
    for number in numbers:
        (photos / ("cat" if number % 2 else "dog") / f"{number:02}.png").write_bytes(b"no picture")


def skipping(workers=0, batch=4, **settings):
    source = call("ImageFolder", "photos")
    normal = {"transform": [call("Normalize", mean="auto", std="auto")]}
    wanted = {"train": source, "on_bad_sample": "skip", "workers": workers, **settings}
    return recipe(net(3, 4, 5, classes=2), normal, **wanted).load(0, batch)


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_samples_are_left_out_counted_and_named(photos, workers):
    damaged(photos, 0, 5)
    data = skipping(workers, val=call("ImageFolder", "photos"))
    for loader in (data.train, data.val):
        batches = list(loader.epoch(0))
        assert sum(len(batch["target"]) for batch in batches) == 10
        assert len(loader.skipped) == 2 and all("cannot be read" in each for each in loader.skipped.values())
        assert "00.png" in " ".join(loader.skipped.values())


def test_batches_are_the_same_with_workers(photos):
    damaged(photos, 0, 5)
    one, other = (list(skipping(workers).train.epoch(2)) for workers in (0, 2))
    assert all(torch.equal(a["image"], b["image"]) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_of_bad_samples_only_is_that_of_the_next_good_one(photos, workers):
    damaged(photos, 0, 2)
    data = skipping(workers, batch=1, val=call("ImageFolder", "photos"))
    assert [len(batch["target"]) for batch in data.train.epoch(0)] == [1] * 12
    assert len(list(data.val.epoch(0))) == 10


def test_when_nothing_can_be_read_it_is_said(photos):
    damaged(photos, *range(12))
    assert "cannot be read" in refused(skipping, "TN0702")


def test_it_stops_unless_told_otherwise(photos):
    damaged(photos, 3)
    assert "03.png` cannot be read" in refused(lambda: skipping(on_bad_sample="stop"), "TN0702")
