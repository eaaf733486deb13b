"""torchvision's data sets: which there are, downloads that stay in their folder, and samples of several kinds."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import json
import pickle
import struct
import tarfile
import threading

import numpy as np
import PIL.Image
import pytest
import torch
from by_hand import call, net, recipe, refused, section
from torchvision import datasets

from tnet.data.recipe import resolve
from tnet.data.sources import vision

WITHOUT = {
    "DatasetFolder": "needs a function that reads files",
    "LSUN": "unpickles",
    "LSUNClass": "unpickles",
}
"""The classes of torchvision.datasets that a spec cannot have, with what is said of each."""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path


def arguments_for(name):
    """Something for each argument that has no default."""
    values = {int: 1, str: "x", bool: True}
    expected = vision.arguments_of(name).parameters.values()
    return {each.name: values.get(each.annotation, "data") for each in expected if each.default is each.empty}


@pytest.mark.parametrize("name", sorted(vision.names()))
def test_every_class_can_be_named_or_says_why_not(name):
    """The inventory: what is refused is in the list above, and nothing asks for Python code or downloads unasked."""
    _, found = resolve(section(train=call(name, **arguments_for(name))), net(3, 8, 8))
    if name in WITHOUT:
        assert [each.code for each in found] == ["TN0701"] and WITHOUT[name] in found[0].message
        return
    assert found == []
    parameters = vision.arguments_of(name).parameters
    assert not any("Callable" in str(each.annotation) for each in parameters.values())
    for code in ("transform", "target_transform", "loader", "is_valid_file"):
        _, refused_ = resolve(section(train=call(name, **arguments_for(name), **{code: "x"})), net(3, 8, 8))
        assert refused_[0].code in ("TN0701", "TN0301")


def test_the_inventory_is_of_all_classes():
    classes = {n for n in datasets.__all__ if isinstance(getattr(datasets, n), type)} - {"VisionDataset"}
    assert set(vision.names()) == classes and WITHOUT.keys() <= classes


def image(shade, size=(6, 5), mode="RGB"):
    content = io.BytesIO()
    PIL.Image.new(mode, size, shade).save(content, "PNG")
    return content.getvalue()


def cifar(folder, monkeypatch):
    """CIFAR-10's own files, whose sums are made known."""
    files = ["data_batch_1", "test_batch", "batches.meta"]
    base = folder / datasets.CIFAR10.base_folder
    base.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 3072), dtype=np.uint8)
    for name in files[:2]:
        (base / name).write_bytes(pickle.dumps({"data": pixels, "labels": [0, 1, 2, 0, 1, 2]}))
    (base / files[2]).write_bytes(pickle.dumps({"label_names": ["a", "b", "c"]}))
    sums = {name: hashlib.md5((base / name).read_bytes()).hexdigest() for name in files}
    monkeypatch.setattr(datasets.CIFAR10, "train_list", [[files[0], sums[files[0]]]])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", [[files[1], sums[files[1]]]])
    monkeypatch.setattr(datasets.CIFAR10, "meta", {"filename": files[2], "key": "label_names", "md5": sums[files[2]]})
    return pixels


def test_cifar_is_unpickled_only_where_its_sums_are_right(project, monkeypatch):
    pixels = cifar(project / "data", monkeypatch)
    wanted = recipe(net(3, 32, 32), train=call("CIFAR10", "data"), test=call("CIFAR10", "data", train=False))
    data = wanted.load(0, 6)
    images = data.test.make(data.test.indices, 0)["image"]
    assert torch.equal((images * 255).round().byte(), torch.from_numpy(pixels).view(-1, 3, 32, 32))
    assert data.classes == ["a", "b", "c"] and data.train.samples.uniform
    batch = project / "data" / datasets.CIFAR10.base_folder / "data_batch_1"
    batch.write_bytes(b"cos\nsystem\n(S'touch unpickled'\ntR.")
    message = refused(wanted.load, "TN0702")
    assert "`CIFAR10` cannot be read" in message and "download = true" in message
    assert not (project / "unpickled").exists()


def test_missing_data_say_where_it_should_be(project):
    message = refused(recipe(net(1, 28, 28), train=call("MNIST", "data")).load, "TN0702")
    assert "write `download = true` to fetch it, or put its files into" in message
    message = refused(recipe(net(3, 8, 8), train=call("FlyingChairs", "data")).load, "TN0702")
    assert "download = true" not in message and "put its files into" in message


@pytest.fixture
def server(project):
    """Serves the folder `served`."""
    if not hasattr(tarfile, "data_filter"):
        pytest.skip("downloads need Python 3.11.4")
    (project / "served").mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(project / "served"))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}/"
        found.shutdown()


def test_what_is_missing_is_fetched_where_the_spec_says_so(project, server, monkeypatch, capsys):
    pixels, labels = np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8), bytes(range(9))
    images = struct.pack(">IIII", 0x803, *pixels.shape) + pixels.tobytes()
    served = {"images-idx3": images, "labels-idx1": struct.pack(">II", 0x801, 9) + labels}
    resources = []
    for part in ("train", "t10k"):
        for kind, content in served.items():
            packed = gzip.compress(content)
            (project / "served" / f"{part}-{kind}-ubyte.gz").write_bytes(packed)
            resources.append((f"{part}-{kind}-ubyte.gz", hashlib.md5(packed).hexdigest()))
    monkeypatch.setattr(datasets.MNIST, "mirrors", [server])
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    wanted = recipe(net(1, 28, 28), train=call("MNIST", "new/data", download=True))
    assert wanted.spec.path is None
    with pytest.raises(Exception, match="cannot be read|no file or folder"):
        wanted.counts()  # a plan fetches nothing
    loader = wanted.load(0, 9).train
    assert torch.equal((loader.make(loader.indices, 0)["image"][:, 0] * 255).round().byte(), torch.from_numpy(pixels))
    assert (project / "new" / "data" / "MNIST" / "raw").is_dir() and capsys.readouterr().out == ""
    outside = recipe(net(1, 28, 28), train=call("MNIST", "../elsewhere", download=True))
    assert "outside the project" in refused(outside.load, "TN0304")


@pytest.mark.parametrize("member", ["../escaped", "/tmp/escaped-from-an-archive", "link"])
def test_archives_write_nothing_outside_their_folder(project, server, monkeypatch, member):
    archive = project / "served" / "pets.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        entry = tarfile.TarInfo(member)
        if member == "link":
            entry.type, entry.linkname = tarfile.SYMTYPE, "../../escaped"
            tar.addfile(entry)
            entry = tarfile.TarInfo("link/escaped")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"evil"))
    sum_ = hashlib.md5(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(datasets.OxfordIIITPet, "_RESOURCES", ((server + "pets.tar.gz", sum_),))
    wanted = recipe(net(3, 8, 8), train=call("OxfordIIITPet", "data", download=True))
    refused(wanted.load, "TN0702")
    assert not [path for path in project.rglob("*escaped*") if not path.is_relative_to(project / "data")]


def voc(project):
    base = project / "data" / "VOCdevkit" / "VOC2012"
    for name in ("JPEGImages", "SegmentationClass", "Annotations", "ImageSets/Segmentation", "ImageSets/Main"):
        (base / name).mkdir(parents=True)
    for number in range(3):
        (base / "JPEGImages" / f"{number}.jpg").write_bytes(image((number,) * 3))
        (base / "SegmentationClass" / f"{number}.png").write_bytes(image(number, mode="L"))
        box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"
        objects = f"<object><name>dog</name>{box}</object>" * (number + 1)
        size = "<size><width>6</width><height>5</height><depth>3</depth></size>"
        (base / "Annotations" / f"{number}.xml").write_text(f"<annotation>{size}{objects}</annotation>")
    for kind in ("Segmentation", "Main"):
        (base / "ImageSets" / kind / "train.txt").write_text("0\n1\n2\n")


def test_masks_are_targets_of_classes(project):
    voc(project)
    loader = recipe(net(3, 5, 6), train=call("VOCSegmentation", "data"), workers=0).load(0, 3).train
    batch = loader.make(loader.indices, 0)
    assert loader.samples.kinds == {"image": "image", "target": "mask"}
    assert batch["target"].shape == (3, 5, 6) and batch["target"].dtype == torch.int64
    assert batch["target"][:, 0, 0].tolist() == [0, 1, 2]


def test_boxes_are_fields_by_name_and_are_padded(project):
    voc(project)
    loader = recipe(net(3, 5, 6), train=call("VOCDetection", "data"), pad=-1, workers=0).load(0, 3).train
    batch = loader.make(loader.indices, 0)
    assert batch["boxes"].shape == (3, 3, 4) and batch["boxes"][0].tolist() == [[1, 2, 3, 4], [-1] * 4, [-1] * 4]
    assert batch["boxes_lengths"].tolist() == [1, 2, 3] and batch["labels"].shape == (3, 3)


def test_annotations_lead_to_no_picture_outside_the_project(project):
    (project.parent / "outside.png").write_bytes(image((9, 9, 9)))
    pictures = [{"id": 1, "file_name": "../../outside.png", "width": 6, "height": 5}]
    (project / "coco.json").write_text(json.dumps({"images": pictures, "annotations": [], "categories": []}))
    wanted = recipe(net(3, 5, 6), train=call("CocoDetection", "data", "coco.json"))
    assert "out of the project" in refused(wanted.load, "TN0304")


def test_an_empty_class_is_named(project):
    for name in ("cat", "dog"):
        (project / "data" / name).mkdir()
    (project / "data" / "cat" / "0.png").write_bytes(image((0, 0, 0)))
    assert "dog" in refused(recipe(net(3, 5, 6), train=call("ImageFolder", "data")).load, "TN0702")


def test_captions_are_nothing_that_a_net_takes(project):
    (project / "data" / "1.png").write_bytes(image((9, 9, 9)))
    (project / "captions.txt").write_text("1.png#0\ta dog\n")
    wanted = recipe(net(3, 5, 6), train=call("Flickr30k", "data", "captions.txt"))
    assert "which no net takes" in refused(wanted.load, "TN0703")
