"""Pictures by lists and folders, made-up samples, and sources joined."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch
from by_hand import call, net, recipe, refused, section

from tnet.data.recipe import resolve
from tnet.ir.values import Combined

RESIZED = {"augment": [call("Resize", [4, 4])], "prepare": [call("Resize", [4, 4])]}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """The working directory, with pictures of one shade each: `photos/7.png` is 7 everywhere."""
    (tmp_path / "here" / "my photos").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    for number in range(6):
        picture(tmp_path / "here" / "my photos" / f"{number}.png", number)
    picture(tmp_path / "outside.png", 9)
    return tmp_path / "here"


def picture(path, shade):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.full((5, 6, 3), shade, dtype=np.uint8)).save(path)


def listed(project, *lines):
    (project / "lists").mkdir(exist_ok=True)
    (project / "lists" / "train.txt").write_text("\n".join(lines))
    return recipe(net(3, 5, 6, classes=3), train=call("ImageList", "lists/train.txt"))


def shades(loader):
    batches = list(loader.epoch(0))
    return torch.cat([batch["image"][:, 0, 0, 0] for batch in batches]).mul(255).round().int().tolist()


def test_d6_a_list_of_paths_and_numbers(project):
    """D6: paths are relative to the list; blanks and quotes in them."""
    data = listed(project, "../my photos/3.png 2", "", '"../my photos/1.png" 0', "../my photos/5.png\t1").load(0, 8)
    batch = next(iter(data.train))
    found = zip(shades(data.train), batch["target"].tolist(), strict=True)
    assert sorted(found) == [(1, 0), (3, 2), (5, 1)] and data.classes is None


def test_a_list_of_names(project):
    data = listed(project, "../my photos/3.png dog", '../my photos/1.png,"black cat"', "../my photos/0.png dog").load(
        0, 8
    )
    assert data.classes == ["black cat", "dog"] and data.train.labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize("lines, code, words", [
    (["../my photos/3.png 2", "../my"], "TN0702", 'line 2 of `train.txt` is no path and label: "../my"'),
    (["../my photos/3.png 2", "../my photos/30.png 2"], "TN0702",
     "line 2 of `train.txt`: no file `../my photos/30.png`"),
    (["../../outside.png 1"], "TN0304", "out of the project"),
    (["../my photos/3.png -2"], "TN0702", "class -2 is below 0"),
    ([""], "TN0702", "has no lines"),
])  # fmt: skip
def test_wrong_lines_are_named(project, lines, code, words):
    assert words in refused(lambda: listed(project, *lines).load(), code)


def test_a_list_that_is_no_text(project):
    (project / "lists").mkdir()
    (project / "lists" / "train.txt").write_bytes(b"\xff\xfe\x00")
    data = recipe(net(3, 5, 6), train=call("ImageList", "lists/train.txt"))
    assert "is no list of pictures" in refused(data.load, "TN0702")


def test_images_without_labels_in_folders_within_folders(project):
    picture(project / "my photos" / "more" / "x.jpg", 200)
    (project / "my photos" / "notes.txt").write_text("no picture")
    data = recipe(net(3, 5, 6), train=call("Images", "my photos")).load(0, 8)
    assert data.train.count == 7 and set(next(iter(data.train))) == {"image"} and data.train.labels is None


def test_a_link_leads_no_picture_out_of_the_project(project):
    (project / "my photos" / "link.png").symlink_to(project.parent / "outside.png")
    assert "out of the project" in refused(recipe(net(3, 5, 6), train=call("Images", "my photos")).load, "TN0304")
    (project / "none").mkdir()
    assert "has no pictures" in refused(recipe(net(3, 5, 6), train=call("Images", "none")).load, "TN0702")


def test_fake_samples_are_of_the_nets_sizes_and_the_same_in_any_batch():
    def batches(size):
        data = recipe(net(3, 8, "W", classes=4), train=call("Fake", samples=20, classes=4, size=5)).load(0, size)
        return [torch.cat([batch[name] for batch in data.train.epoch(1)]) for name in ("image", "target")]

    image, target = batches(20)
    assert image.shape == (20, 3, 8, 5) and target.max() < 4 and image.min() >= 0 and image.max() <= 1
    assert all(torch.equal(one, other) for one, other in zip((image, target), batches(3), strict=True))
    numbers = recipe(net(6), train=call("Fake", samples=5, targets=2)).load(0, 5)
    assert next(iter(numbers.train))["target"].shape == (5, 2)


@pytest.mark.parametrize("source", [call("Fake", samples=0), call("Fake", targets=0)])
def test_fake_samples_in_numbers_that_make_sense(source):
    _, found = resolve(section(train=source), net(6))
    assert [each.code for each in found] == ["TN0304"]


# ---- A + B -----------------------------------------------------------------------------------------------------------


def both(*sources):
    return Combined("+", sources)


def folder(project, name, shade, *classes):
    for number, each in enumerate(classes):
        picture(project / name / each / f"{number}.png", shade + number)
    return call("ImageFolder", name)


@pytest.mark.parametrize("workers", [0, 1])
def test_d10_folders_are_joined(project, workers):
    """D10: two folders of the same classes, and a third."""
    one, two = folder(project, "a", 10, "cat", "dog"), folder(project, "b", 20, "cat", "dog")
    three = folder(project, "c", 30, "cat", "dog")
    data = recipe(net(3, 5, 6, classes=2), train=both(both(one, two), three), workers=workers).load(0, 4)
    batches = list(data.train.epoch(0))
    found = zip(shades(data.train), torch.cat([batch["target"] for batch in batches]).tolist(), strict=True)
    assert sorted(found) == [(10, 0), (11, 1), (20, 0), (21, 1), (30, 0), (31, 1)]
    assert data.classes == ["cat", "dog"] and data.train.labels.tolist() == [0, 1] * 3


def test_data_in_memory_is_joined_as_tensors():
    data = recipe(net(4, classes=3), train=both(call("Iris"), call("Iris")), split=[0.5, 0.5]).load(0, 10)
    assert data.train.count == 150 and data.train.samples.uniform


@pytest.mark.parametrize("other, code, words", [
    ("fox", "TN0703", "`ImageFolder` and `ImageFolder` differ in their classes: only one has `dog`, `fox`"),
    (None, "TN0703", "`ImageFolder` and `Images` differ in their classes"),
])  # fmt: skip
def test_what_does_not_go_together_is_not_joined(project, other, code, words):
    one = folder(project, "a", 10, "cat", "dog")
    two = folder(project, "b", 20, "cat", other) if other else call("Images", "a")
    assert words in refused(recipe(net(3, 5, 6, classes=2), train=both(one, two)).load, code)


def test_texts_are_not_joined(project):
    (project / "t.txt").write_bytes(bytes(100))
    text = call("Text", "t.txt", block=8)
    data = recipe(net("T", dtype="int64", name="tokens"), train=both(text, text))
    assert "cannot be joined" in refused(data.load, "TN0704")


def test_only_plus_joins():
    _, found = resolve(section(train=Combined("*", (call("Iris"), call("Iris")))), net(4))
    assert [each.message for each in found] == ["data sets are joined with `+`, not `*`"]
