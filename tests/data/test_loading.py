"""Reading data: sources, parts, statistics, batches, and what is said where they do not fit."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
import torch
from by_hand import call, net, recipe, refused, section
from sklearn import datasets
from torchvision.transforms.v2 import functional

from tnet.data.recipe import resolve
from tnet.source import Source

DIGITS = {"train": call("Digits"), "split": [0.8, 0.1, 0.1]}
AUGMENT = {"augment": [call("RandomAffine", degrees=8, translate=[0.08, 0.08])]}
NORMALIZE = {"transform": [call("Normalize", mean="auto", std="auto")]}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of two classes with pictures of different sizes, in the working directory."""
    generator = np.random.default_rng(0)
    for number in range(12):
        folder = tmp_path / "photos" / ("cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(0, 256, (10 + number, 14, 3), dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(folder / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def test_digits_are_the_real_ones_in_the_unit_interval():
    loaders = recipe(net(1, 8, 8), **DIGITS).load(0, 64)
    images = datasets.load_digits().images
    batch = next(iter(loaders.test))
    assert torch.equal(batch["image"][0, 0], torch.from_numpy(images[loaders.test.indices[0]] / 16).float())
    assert batch["image"].dtype == torch.float32 and batch["target"].dtype == torch.int64
    assert [loader.count for loader in loaders.parts.values()] == [1437, 180, 180]
    assert list(loaders.classes) == [str(number) for number in range(10)]


@pytest.mark.parametrize("name, features, classes", [("Iris", 4, 3), ("Wine", 13, 3), ("BreastCancer", 30, 2)])
def test_tables_of_scikit_learn(name, features, classes):
    loaders = recipe(net(features, classes=classes), NORMALIZE, train=call(name), split=[0.8, 0.2]).load(0, 16)
    values = torch.cat([batch["image"] for batch in loaders.train])
    torch.testing.assert_close(values.mean(0), torch.zeros(features), atol=1e-4, rtol=0)
    torch.testing.assert_close(values.std(0, correction=0), torch.ones(features), atol=1e-4, rtol=0)
    assert len(loaders.classes) == classes


def test_diabetes_has_numbers_to_predict():
    batch = next(iter(recipe(net(10), train=call("Diabetes")).load(0, 8).train))
    assert batch["target"].dtype == torch.float32 and batch["target"].max() > 10


def test_statistics_come_from_the_training_part_after_prepare_and_are_cached(monkeypatch):
    prepare = {"prepare": [call("CenterCrop", 4)]}
    data = recipe(net(1, 4, 4), {**prepare, "augment": [call("CenterCrop", 4)], **NORMALIZE}, **DIGITS)
    loaders = data.load(0, 64)
    pixels = torch.from_numpy(datasets.load_digits().images[loaders.train.indices] / 16)[:, 2:6, 2:6]
    (found,) = loaders.statistics.values()
    assert found["mean"] == pytest.approx([pixels.mean().item()]) and found["std"] == pytest.approx(
        [pixels.std().item()], rel=1e-3
    )
    assert any("mean" in note for note in loaders.notes)
    monkeypatch.setattr("tnet.data.statistics.measure", lambda *_: pytest.fail("computed again"))
    assert data.load(1, 32).statistics == loaders.statistics
    changed = recipe(
        net(1, 4, 4), {"prepare": [call("Resize", [4, 4])], **NORMALIZE, "augment": [call("Resize", 4)]}, **DIGITS
    )
    with pytest.raises(pytest.fail.Exception):
        changed.load(0, 64)


def epoch_of(loader, number):
    return [{name: value.clone() for name, value in batch.items()} for batch in loader.epoch(number)]


def test_batches_depend_on_seed_and_epoch_alone():
    def loaded(seed):
        return recipe(net(1, 8, 8), {**AUGMENT, **NORMALIZE}, **DIGITS).load(seed, 50).train

    first, second = loaded(1), loaded(1)
    epoch_of(second, 7)
    for mine, other in zip(epoch_of(first, 3), epoch_of(second, 3), strict=True):
        assert all(torch.equal(mine[name], other[name]) for name in mine)
    assert not torch.equal(epoch_of(first, 3)[0]["image"], epoch_of(first, 4)[0]["image"])
    assert not torch.equal(epoch_of(first, 3)[0]["image"], epoch_of(loaded(2), 3)[0]["image"])
    later = next(first.epoch(3, start=5))
    assert torch.equal(later["image"], epoch_of(first, 3)[5]["image"])


def test_a_sample_is_augmented_the_same_in_batches_of_any_size():
    """Draws are keyed by sample: not by batch, and not by how many batches are made at once."""
    by_size = []
    for size in (7, 64):
        loader = recipe(net(1, 8, 8), AUGMENT, **DIGITS).load(1, size).train
        batches = epoch_of(loader, 2)
        by_size.append(torch.cat([batch["image"] for batch in batches]))
    assert torch.equal(*by_size)


def test_evaluation_is_in_order_and_without_augmentation():
    loaders = recipe(net(1, 8, 8), AUGMENT, **DIGITS).load(0, 64)
    for loader in (loaders.val, loaders.test):
        images = torch.cat([batch["image"] for batch in loader])
        plain = torch.from_numpy(datasets.load_digits().images[loader.indices] / 16).float()
        assert torch.equal(images[:, 0], plain)


def test_iterating_goes_from_epoch_to_epoch():
    loader = recipe(net(1, 8, 8), **DIGITS).load(0, 64).train
    first = [batch["target"] for batch in loader]
    second = [batch["target"] for batch in loader]
    assert len(loader) == len(first) == 23 and [len(each) for each in first][-1] == 29
    assert not torch.equal(first[0], second[0])
    assert torch.equal(torch.cat(first).sort().values, torch.cat(second).sort().values)


def test_a_folder_of_pictures_in_workers_and_without(photos):
    stages = {
        "augment": [call("RandomResizedCrop", 8), call("RandomHorizontalFlip"), call("ColorJitter", 0.2)],
        "prepare": [call("Resize", [8, 8])],
        **NORMALIZE,
    }
    settings = {"train": call("ImageFolder", "photos"), "split": [0.75, 0.25]}
    alone = recipe(net(3, 8, 8, classes=2), stages, **settings, workers=0).load(0, 4)
    helped = recipe(net(3, 8, 8, classes=2), stages, **settings, workers=2).load(0, 4)
    assert list(alone.classes) == ["cat", "dog"] and alone.train.labels.bincount().tolist() in ([4, 5], [5, 4])
    for part in ("train", "val"):
        pairs = zip(epoch_of(alone.parts[part], 1), epoch_of(helped.parts[part], 1), strict=True)
        assert all(torch.equal(mine["image"], other["image"]) for mine, other in pairs)


def test_a_damaged_picture_is_named_also_by_a_worker(photos):
    (photos / "cat" / "1.png").write_bytes(b"no picture")
    settings = {"train": call("ImageFolder", "photos")}
    stages = {"augment": [call("Resize", [8, 8])]}
    for workers in (0, 1):
        loader = recipe(net(3, 8, 8, classes=2), stages, **settings, workers=workers)
        assert "1.png` cannot be read" in refused(lambda loader=loader: [b for b in loader.load(0, 4).train], "TN0702")


def test_data_sets_of_torchvision_by_name():
    loaders = recipe(net(3, 6, 6, classes=4), train=call("FakeData", size=20, image_size=[3, 6, 6], num_classes=4),
                     split=[0.5, 0.5]).load(0, 5)  # fmt: skip
    batch = next(iter(loaders.train))
    assert batch["image"].shape == (5, 3, 6, 6) and batch["target"].dtype == torch.int64


def test_a_data_set_that_holds_its_images_is_read_as_one_array(monkeypatch, tmp_path):
    """MNIST from files of its own format: what the array gives is what the data set gives, sample by sample."""
    from torchvision.datasets import MNIST

    monkeypatch.chdir(tmp_path)
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    labels = (np.arange(30) % 10).astype(np.uint8)
    for part in ("train", "t10k"):
        header = struct.pack(">IIII", 0x803, *pixels.shape)
        (raw / f"{part}-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, 30) + labels.tobytes())
    loader = recipe(net(1, 28, 28), train=call("MNIST", "data", train=True)).load(0, 30).train
    assert loader.samples.uniform
    expected, batch = MNIST("data"), next(loader.epoch(0))
    for row, index in enumerate(loader.chunks(0)[0].tolist()):
        picture, label = expected[index]
        assert torch.equal(batch["image"][row], functional.to_dtype(functional.to_image(picture), scale=True))
        assert batch["target"][row] == label


def test_text_is_cut_in_order_before_windows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.txt").write_bytes(bytes(range(100)))
    tokens = net("T", dtype="int64", name="tokens")
    loaders = recipe(tokens, train=call("Text", "t.txt", block=8), split=[0.8, 0.2]).load(0, 4)
    train = torch.cat([batch["tokens"] for batch in loaders.train])
    batch = next(iter(loaders.val))
    assert train.max() < 80 and batch["tokens"].min() >= 80
    assert torch.equal(batch["target"], batch["tokens"] + 1)


def test_tensors_in_files(tmp_path, monkeypatch):
    from safetensors.torch import save_file

    monkeypatch.chdir(tmp_path)
    fields = {"image": torch.rand(6, 5), "target": torch.arange(6)}
    save_file(fields, tmp_path / "f.safetensors")
    np.savez(tmp_path / "f.npz", **{name: value.numpy() for name, value in fields.items()})
    torch.save(fields, tmp_path / "f.pt")
    for name in ("f.safetensors", "f.npz", "f.pt"):
        batch = next(recipe(net(5), train=call("Tensors", name)).load(0, 6).train.epoch(0))
        assert torch.equal(batch["image"], fields["image"][batch["target"]])


def test_arrays_in_memory_are_not_copied():
    """D11: arrays stay where they are."""
    x, y = np.random.rand(12, 5).astype(np.float32), np.arange(12)
    loaders = resolve(None, net(5))[0].load(0, 4, data=(x, y))
    held = loaders.train.samples.tensors["image"]
    assert held.data_ptr() == x.ctypes.data
    named = resolve(None, net(5))[0].load(0, 4, data={"train": {"image": x, "target": y}, "test": (x, y)})
    assert named.test.count == 12 and named.val is None


def test_whole_uint8_arrays_are_images():
    pixels = np.full((4, 1, 3, 3), 255, dtype=np.uint8)
    batch = next(iter(resolve(None, net(1, 3, 3))[0].load(0, 4, data=(pixels, np.zeros(4, int))).train))
    assert torch.equal(batch["image"], torch.ones(4, 1, 3, 3))


# ---- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings, code, words", [
    ({"train": call("Digit")}, "TN0701", "unknown source of data `Digit`"),
    ({"train": call("ImageFolder")}, "TN0302", "needs `root`"),
    ({"train": call("ImageFolder", root="a", loader=3)}, "TN0701", "`loader` of `ImageFolder` is a function"),
    ({"train": call("CIFAR10", "data", download=3)}, "TN0303", "takes true or false"),
    ({"train": call("LSUN", "data")}, "TN0701", "unpickles"),
    ({"train": 3}, "TN0704", "a source of data is expected, not 3"),
    ({**DIGITS, "views": 2}, "TN0704", "`views = 2` fills 2 inputs, the net takes 1 input"),
    ({**DIGITS, "pad": "x"}, "TN0704", "`pad` is a number"),
    ({**DIGITS, "on_bad_sample": "go on"}, "TN0704", '`on_bad_sample` is "stop" or "skip"'),
    ({"train": call("Iris"), "by": "k"}, "TN0704", "`by` is for `split`"),
    ({**DIGITS, "worker": 2}, "TN0704", "unknown data setting `worker`"),
    ({**DIGITS, "workers": -1}, "TN0704", "`workers` is a whole number"),
    ({**DIGITS, "workers": True}, "TN0704", "not true"),
    ({**DIGITS, "workers": 0, "prefetch": 2}, "TN0704", "`prefetch` is for workers"),
    ({**DIGITS, "split": [0.8, 0.1]}, "TN0704", "sum to 0.9, not 1"),
    ({**DIGITS, "split": [1.0]}, "TN0704", "two or three shares"),
    ({**DIGITS, "split": [1.0, 0]}, "TN0704", "above 0"),
    ({**DIGITS, "val": call("Digits")}, "TN0704", "`val` is given twice"),
    ({"val": call("Digits")}, "TN0704", "names no `train`"),
    ({"trian": call("Digits")}, "TN0704", "unknown data setting `trian`"),
    ({"train": call("Text", "t.txt", block=0)}, "TN0304", "at least 1"),
])  # fmt: skip
def test_wrong_settings_are_refused_by_name(settings, code, words):
    _, found = resolve(section(**settings), net(1, 8, 8))
    assert [each.code for each in found] == [code] and words in found[0].message, found


def test_statistics_are_of_transform_only():
    _, found = resolve(section({"augment": NORMALIZE["transform"]}, **DIGITS), net(1, 8, 8))
    assert [each.code for each in found] == ["TN0704"]


def test_data_that_does_not_fit_names_both_shapes():
    message = refused(lambda: recipe(net(3, 32, 32), **DIGITS).load(), "TN0703")
    assert "float32[N, 1, 8, 8]" in message and "float32[N, 3, 32, 32]" in message and "Grayscale(3)" in message
    message = refused(lambda: recipe(net(1, 16, 16), **DIGITS).load(), "TN0703")
    assert "Resize([16, 16])" in message
    assert "[N, 5]" in refused(lambda: resolve(None, net(4))[0].load(data=(np.zeros((3, 5)), np.zeros(3))), "TN0703")


def test_pictures_of_different_size_in_a_batch_are_refused(photos):
    data = recipe(net(3, "H", "W", classes=2), train=call("ImageFolder", "photos"), workers=0)
    assert "samples of different size" in refused(lambda: [b for b in data.load(0, 4).train], "TN0703")


def test_not_enough_samples():
    many = {"train": call("Iris"), "split": [100, 60]}
    assert "takes 160 samples, the data has 150" in refused(lambda: recipe(net(4), **many).load(), "TN0704")
    few = {"train": call("Iris"), "split": [0.999, 0.001]}
    assert "leaves no sample for `val`" in refused(lambda: recipe(net(4), **few).load(), "TN0704")


def test_missing_and_unreadable_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "f.npz").write_bytes(b"no archive")
    for source, words in [
        (call("ImageFolder", "nowhere"), "no file or folder `nowhere`"),
        (call("ImageFolder", "empty"), "cannot be read"),
        (call("CIFAR10", "empty"), "not found or corrupted"),
        (call("Tensors", "f.npz"), "cannot be read"),
        (call("Tensors", "empty"), "is none of"),
    ]:
        assert words in refused(lambda source=source: recipe(net(3, 8, 8), train=source).load(), "TN0702")


def test_paths_stay_in_the_project_unless_the_user_gives_them(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "t.txt").write_bytes(bytes(100))
    tokens = net("T", dtype="int64")
    outside = recipe(tokens, train=call("Text", "../t.txt", block=8))
    assert "outside the project" in refused(outside.load, "TN0304")
    (tmp_path / "here" / "link.txt").symlink_to(tmp_path / "t.txt")
    assert "outside the project" in refused(recipe(tokens, train=call("Text", "link.txt", block=8)).load, "TN0304")
    given = Source("<command line>", "data.train=…")
    place = given.span(0, 4)
    source = replace(call("Text", "../t.txt", block=8), span=place, spans={0: place})
    assert recipe(tokens, train=source).load().train.count == 12


def test_a_batch_of_one_is_left_out_only_where_a_batch_norm_would_fail():
    data = resolve(None, net(5))[0]
    assert len(data.load(0, 4, data=(np.zeros((9, 5)), np.zeros(9))).train) == 3
    normed = replace(data, skip_single=True).load(0, 4, data=(np.zeros((9, 5)), np.zeros(9)))
    assert len(normed.train) == 2 == len(list(normed.train))


def test_split_beside_a_test_part():
    parts = recipe(net(4), train=call("Iris"), test=call("Iris"), split=[0.9, 0.1]).load(0, 16).parts
    assert {name: loader.count for name, loader in parts.items()} == {"train": 135, "val": 15, "test": 150}


def test_workers_are_started_where_samples_are_made_one_by_one():
    digits = net(1, 8, 8)
    assert recipe(digits, AUGMENT, **DIGITS).load(0, 64).train.options["num_workers"] == 0
    slow = recipe(digits, {"augment": [call("GaussianNoise")]}, **DIGITS).load(0, 64)
    assert slow.train.options["num_workers"] >= 1 and slow.test.options["num_workers"] == 0


def test_fields_that_do_not_go_together():
    data = resolve(None, net(5))[0]
    assert "differ in their number" in refused(lambda: data.load(data=(np.zeros((3, 5)), np.zeros(4))), "TN0703")
    assert "has no `image`" in refused(lambda: data.load(data={"imge": np.zeros((3, 5))}), "TN0703")
    assert "3 parts" in refused(lambda: data.load(data=(np.zeros((3, 5)),) * 3), "TN0703")
    assert "not <U1" in refused(lambda: data.load(data=(np.array(["a"]), np.zeros(1))), "TN0703")
