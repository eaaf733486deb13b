"""Shards, videos and streams of one's own; every kind of source gone on with to the bit, with workers and without."""

from __future__ import annotations

import io
import json
import sys
import tarfile

import numpy as np
import PIL.Image
import pytest
import torch
from by_hand import call, net, recipe, refused, section

import tnet
from tnet.data.recipe import resolve
from tnet.data.sources.shards import expanded
from tnet.data.sources.video import facts_of, frame_numbers

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    return tmp_path


def png(shade):
    content = io.BytesIO()
    PIL.Image.new("RGB", (4, 4), (shade,) * 3).save(content, "PNG")
    return content.getvalue()


def shard(path, members):
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def shards(project, count=3, each=8):
    """Sample i of all is a picture of shade i and has class i % 2."""
    (project / "data").mkdir(exist_ok=True)
    for number in range(count):
        samples = range(number * each, (number + 1) * each)
        members = {
            f"s/{i:03}.{end}": made for i in samples for end, made in (("png", png(i)), ("cls", b"%d" % (i % 2)))
        }
        shard(project / "data" / f"{number:03}.tar", members)
    return call("Shards", f"data/{{000..{count - 1:03}}}.tar", buffer=4)


def shades(batches):
    return [round(255 * shade) for batch in batches for shade in batch["image"][:, 0, 0, 0].tolist()]


# ---- shards ----------------------------------------------------------------------------------------------------------


def test_ranges_of_shards():
    assert expanded("d/{008..011}.tar") == ["d/008.tar", "d/009.tar", "d/010.tar", "d/011.tar"]
    assert expanded("{1..2}-{0..1}") == ["1-0", "1-1", "2-0", "2-1"] and expanded("a.tar") == ["a.tar"]


def test_shards_are_shuffled_by_shard_and_buffer(project):
    loader = recipe(net(3, 4, 4, classes=2), train=shards(project), workers=0).load(1, 5).train
    first, second = shades(loader.epoch(0)), shades(loader.epoch(1))
    assert sorted(first) == sorted(second) == list(range(24)) and first != second
    order = [shade // 8 for shade in first]
    for number in range(3):  # a sample is at most a buffer away from its shard's place
        places = [place for place, owner in enumerate(order) if owner == number]
        assert max(places) - min(places) < 8 + 2 * 4
    batch = next(loader.epoch(0))
    assert batch["target"].tolist() == [shade % 2 for shade in first[:5]]
    assert loader.labels.tolist() == [0, 1] * 12


def test_fields_of_shards_by_their_endings(project):
    vector = io.BytesIO()
    np.save(vector, np.arange(3, dtype=np.float32))
    members = {"a.v.npy": vector.getvalue(), "a.json": json.dumps({"target": 1.5, "weight": 2}).encode(), "a.txt": b"x"}
    shard(project / "a.tar", members)
    loader = recipe(net(3, name="v"), train=call("Shards", "a.tar")).load().train
    batch = next(loader.epoch(0))
    assert batch["v"].tolist() == [[0, 1, 2]] and batch["target"].tolist() == [1.5] and batch["weight"].tolist() == [2]
    named = recipe(net(3, name="v"), train=call("Shards", "a.tar", fields={"v.npy": "v", "json": "more"}))
    assert "is a map" in refused(named.load, "TN0703")


@pytest.mark.parametrize("members, words", [
    ({"a.png": b"no picture", "a.cls": b"0"}, "`.png` of sample `a` of `b.tar` cannot be read"),
    ({"a.png": png(0), "a.cls": b"cat"}, "`.cls` of sample `a`"),
    ({}, "the shards have no samples"),
    (None, "`b.tar` cannot be read as a shard"),
])  # fmt: skip
def test_bad_shards_are_named(project, members, words):
    shard(project / "b.tar", members or {}) if members is not None else (project / "b.tar").write_bytes(
        b"\x1f\x8b no tar"
    )
    assert words in refused(recipe(net(3, 4, 4), train=call("Shards", "b.tar")).load, "TN0702")


def test_shards_that_are_not_there_or_outside(project):
    source = shards(project)
    (project / "data" / "001.tar").unlink()
    assert "no file or folder `data/001.tar`" in refused(recipe(net(3, 4, 4), train=source).load, "TN0702")
    outside = recipe(net(3, 4, 4), train=call("Shards", "../x.tar"))
    assert "outside the project" in refused(outside.load, "TN0304")
    _, found = resolve(section(train=call("Shards", "a.tar", buffer=0)), net(3, 4, 4))
    assert [each.code for each in found] == ["TN0304"]


# ---- videos ----------------------------------------------------------------------------------------------------------


def video(path, frames, size=16):
    """Frame i has shade 8 i."""
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            pixels = np.full((size, size, 3), 8 * number, dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def test_d2_a_frame_of_each_segment():
    """D2: the middle one, or one at random."""
    assert frame_numbers(12, 4, None) == [1, 4, 7, 10]
    assert frame_numbers(12, 4, np.array([0, 0.99, 0.5, 0])) == [0, 5, 7, 9]
    assert frame_numbers(2, 4, None) == [0, 0, 1, 1] and frame_numbers(1, 3, np.array([0.9] * 3)) == [0, 0, 0]


@pytest.mark.parametrize("workers", [0, 1])
def test_d2_videos_in_folders_of_their_classes(project, workers):
    """D2: facts without decoding; in training at random within the segments, in evaluation the middle frame."""
    for number, name in enumerate(["run/a.mp4", "run/b.mp4", "walk/c.mp4"]):
        video(project / "clips" / name, 12 + 4 * number)
    source = call("Video", "clips", segments=4)
    data = recipe(net(4, 3, 16, 16, classes=2, name="image"), train=source, val=source, workers=workers).load(0, 3)
    batch = next(data.val.epoch(0))
    assert batch["image"].shape == (3, 4, 3, 16, 16) and batch["target"].tolist() == [0, 0, 1]
    found = (batch["image"][0, :, 0, 8, 8] * 255 / 8).round().tolist()
    assert found == [1, 4, 7, 10] and data.classes == ["run", "walk"]
    one, other = next(data.train.epoch(0)), next(data.train.epoch(1))
    drawn = (one["image"][:, :, 0, 8, 8] * 255 / 8).round()
    assert not torch.equal(one["image"].sort(0).values, other["image"].sort(0).values) and drawn.diff(dim=1).min() >= 0
    facts = facts_of(str(project / "clips" / "run" / "a.mp4"))
    assert (facts.width, facts.height, facts.frames, facts.rate) == (16, 16, 12, 10.0)


def test_bad_videos_are_named(project):
    video(project / "clips" / "run" / "a.mp4", 8)
    (project / "clips" / "run" / "b.mp4").write_bytes(b"no video")
    data = recipe(net(4, 3, 16, 16, name="image"), train=call("Video", "clips", segments=4), workers=0)
    assert "b.mp4` cannot be read" in refused(lambda: list(data.load(0, 2).train), "TN0702")
    (project / "clips" / "walk").mkdir()
    assert "the class `walk` of `clips` has no videos" in refused(data.load, "TN0702")
    assert "has no videos" in refused(recipe(net(4), train=call("Video", "clips/walk")).load, "TN0702")


# ---- going on --------------------------------------------------------------------------------------------------------

CODE = '''
import random
from torch.utils.data import IterableDataset


class Drawn(IterableDataset):
    """Numbers of a walk that each step draws."""

    def __init__(self, length=24, ends=None):
        self.length, self.ends = length, ends

    def __len__(self):
        return self.length

    def __iter__(self):
        place = 0.0
        for number in range(self.ends or self.length):
            place += random.random()
            yield [place, float(number)], number % 2


class Endless(IterableDataset):
    def __iter__(self):
        return iter([])
'''


@pytest.fixture
def package(project, monkeypatch):
    name = f"own_{project.name.replace('-', '_')}"
    (project / f"{name}.py").write_text(CODE)
    before = list(sys.path)
    yield name
    sys.path[:] = before
    sys.modules.pop(name, None)


SPEC = """
use {package}: Drawn, Endless
net Small(v: {type}) -> float[N, 2] {{ flatten(1); Linear(2) }}
data {{
  train = {source}
  workers = {workers}
  {more}
}}
train {{
  epochs = 2; batch = 5; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1, momentum=0.9); compile = false
  device = "cpu"; checkpoint = Checkpoint(every=1 step, keep=100)
}}
"""


def folder(project):
    for number in range(24):
        path = project / "photos" / ("cat" if number % 2 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(10 * number))
    lines = [f"photos/{'cat' if n % 2 else 'dog'}/{n}.png {n % 2}" for n in range(24)]
    (project / "list.txt").write_text("\n".join(lines))


def table(project):
    (project / "t.csv").write_text("a,b,k,y\n" + "\n".join(f"{n},{n % 5},c{n % 3},{n % 2}" for n in range(24)))


def text(project):
    (project / "t.bin").write_bytes(bytes(n % 2 for n in range(24 * 4 + 1)))


def clips(project):
    for number in range(6):
        video(project / "clips" / ("run" if number % 2 else "walk") / f"{number}.mp4", 8)


PICTURE, JITTER = "float[N, 3, 4, 4]", "augment: { RandomHorizontalFlip; ColorJitter(0.4) }"
KINDS = {
    "folder": (folder, PICTURE, 'ImageFolder("photos")', JITTER),
    "list": (folder, PICTURE, 'ImageList("list.txt")', JITTER),
    "joined": (folder, PICTURE, 'ImageFolder("photos") + ImageFolder("photos")', "cache = false"),
    "skipping": (folder, PICTURE, 'ImageFolder("photos")', 'on_bad_sample = "skip"'),
    "shards": (shards, PICTURE, 'Shards("data/{{{{000..002}}}}.tar", buffer=4)', JITTER),
    "table": (table, "float[N, 5]", 'Table("t.csv", target="y")', ""),
    "fake": (table, PICTURE, "Fake(samples=24, classes=2)", JITTER),
    "video": (clips, "float[N, 2, 3, 16, 16]", 'Video("clips", segments=2)', ""),
    "stream": (table, "float[N, 2]", "Drawn()", ""),
}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_goes_on_to_the_bit(project, package, kind, workers):
    """Stopped within its second epoch; the samples that follow are those that would have followed."""
    if kind == "stream" and workers:
        pytest.skip("a stream is read by the run's own process")
    write, type_, source, more = KINDS[kind]
    write(project)
    if kind == "skipping":
        (project / "photos" / "cat" / "3.png").write_bytes(b"no picture")
    source = source.replace("{{{{", "{{").replace("}}}}", "}}")
    text = SPEC.format(package=package, type=type_, source=source, workers=workers, more=more)
    (project / "s.tnet").write_text(text)
    load = lambda **changes: tnet.load("s.tnet", allow=[package], overrides=changes)  # noqa: E731
    whole = load().train(out="whole")
    per_epoch = len(list((project / "whole" / "checkpoints").glob("step-*"))) // 2
    load(**{"train.steps": per_epoch + 1, "train.epochs": None}).train(out="part")
    part = load(**{"train.epochs": 2, "train.steps": None}).train(out="part", resume=True, accept_changes=True)
    one, other = whole.model.state_dict(), part.model.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_streams_of_ones_own_say_their_length(project, package):
    text = SPEC.format(package=package, type="float[N, 2]", source="{source}", workers=0, more="{more}")

    def load(source, more="", **changes):
        written = text.replace("{source}", source).replace("{more}", more)
        return tnet.loads(written, name=str(project / "s.tnet"), allow=[package], overrides=changes)

    assert "`Endless` is no data set: it has no `__len__`" in refused(lambda: load("Endless()"), "TN0704")
    short = load("Drawn(24, ends=7)")
    assert "`Drawn` ends after 7 samples, its length is 24" in refused(lambda: list(short.data().train), "TN0702")
    assert "cannot be cut" in refused(load("Drawn()", "split = [0.5, 0.5]").data, "TN0704")
    assert "cannot share a stream" in refused(load("Drawn()", **{"data.workers": 2}).data, "TN0704")
