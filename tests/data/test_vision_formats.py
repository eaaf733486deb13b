"""torchvision's data sets, read from small files of their own formats: samples, classes and kinds are as by hand."""

from __future__ import annotations

import importlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from by_hand import SPAN, call, net, recipe
from torchvision import datasets
from vision_files import (
    COUNT,
    LABELS,
    aircraft,
    caltech101,
    cars,
    celeba,
    clevr,
    coco,
    dtd,
    fer2013,
    flowers,
    food,
    gtsrb,
    mnist,
    omniglot,
    people,
    pets,
    pictures,
    places,
    qmnist,
    renamed,
    semeion,
    sst,
    stl10,
    sun,
    svhn,
    usps,
)  # fmt: skip

from tnet.diagnostics import SpecError
from tnet.ir.graph import Module, Net, Value
from tnet.ir.types import TensorType

RGB, GREY = (3, 5, 6), (1, 28, 28)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


FORMATS = {
    "MNIST": (lambda: mnist("MNIST"), {}, GREY),
    "FashionMNIST": (lambda: mnist("FashionMNIST"), {}, GREY),
    "KMNIST": (lambda: mnist("KMNIST"), {}, GREY),
    "EMNIST": (lambda: mnist("EMNIST", ["emnist-digits-train"]), {"split": "digits"}, GREY),
    "QMNIST": (qmnist, {}, GREY),
    "USPS": (usps, {}, (1, 16, 16)),
    "SEMEION": (semeion, {}, (1, 16, 16)),
    "SVHN": (svhn, {}, (3, 32, 32)),
    "STL10": (stl10, {}, (3, 96, 96)),
    "FER2013": (fer2013, {}, (1, 48, 48)),
    "GTSRB": (gtsrb, {}, RGB),
    "Flowers102": (flowers, {}, RGB),
    "Food101": (food, {}, RGB),
    "DTD": (dtd, {}, RGB),
    "OxfordIIITPet": (pets, {}, RGB),
    "StanfordCars": (cars, {}, RGB),
    "FGVCAircraft": (aircraft, {"annotation_level": "variant", "split": "train"}, RGB),
    "Caltech101": (caltech101, {}, RGB),
    "Caltech256": (lambda: [pictures("caltech256/256_ObjectCategories/{name}/{label}_{of}.jpg"), renamed()], {}, RGB),
    "EuroSAT": (lambda: pictures("eurosat/2750/{name}/{0}.jpg"), {}, RGB),
    "Country211": (lambda: pictures("country211/train/{name}/{0}.jpg"), {}, RGB),
    "Places365": (places, {"small": True}, RGB),
    "LFWPeople": (people, {"split": "train"}, RGB),
    "RenderedSST2": (sst, {}, RGB),
    "CLEVRClassification": (clevr, {}, RGB),
}  # fmt: skip
"""What writes each data set, the arguments that it takes besides the folder, and the size of its images."""


def loaded(name, monkeypatch, shape, **arguments):
    module = importlib.import_module(getattr(datasets, name).__module__)
    if hasattr(module, "check_integrity"):  # of small files sums are not those of the real ones
        monkeypatch.setattr(module, "check_integrity", lambda path, md5=None: Path(path).exists())
    return recipe(net(*shape), train=call(name, "data", **arguments), workers=0).load(0, COUNT)


@pytest.mark.parametrize("name", FORMATS)
def test_samples_are_those_of_the_files(name, monkeypatch):
    write, arguments, shape = FORMATS[name]
    write()
    train = loaded(name, monkeypatch, shape, **arguments).train
    batch = train.make(train.indices, 0)
    dataset = getattr(datasets, name)("data", **arguments, **({"download": False} if name in ("SEMEION",) else {}))
    by_hand = [dataset[number] for number in range(len(dataset))]
    assert batch["target"].tolist() == [label for _, label in by_hand] == train.labels.tolist()
    assert sorted(batch["target"].unique().tolist()) in ([0, 1], [3, 4])
    for mine, (image, _) in zip(batch["image"], by_hand, strict=True):
        expected = torch.from_numpy(np.array(image))
        assert torch.equal(
            mine.mul(255).round().byte(), expected.permute(2, 0, 1) if expected.ndim == 3 else expected[None]
        )


def test_attributes_of_a_face_are_a_vector(monkeypatch):
    celeba()
    train = loaded("CelebA", monkeypatch, RGB).train
    assert train.make(train.indices, 0)["target"].tolist() == [[0, 1]] * COUNT and train.labels is None


def test_classes_are_those_of_the_target_that_is_asked_for(monkeypatch):
    """A pet has a breed, which the data set lists, and is a cat or a dog."""
    pets()
    breeds = loaded("OxfordIIITPet", monkeypatch, RGB)
    assert breeds.train.labels.tolist() == LABELS and breeds.classes == ["A", "B"]
    kinds = loaded("OxfordIIITPet", monkeypatch, RGB, target_types="binary-category")
    assert kinds.train.labels.tolist() == [0, 1, 0, 1] and kinds.classes is None
    masks = loaded("OxfordIIITPet", monkeypatch, RGB, target_types="segmentation").train
    assert masks.samples.kinds["target"] == "mask" and masks.labels is None
    assert masks.make(masks.indices, 0)["target"][:, 0, 0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("name", "write", "channels"), [("SUN397", sun, 3), ("Omniglot", omniglot, 1)])
def test_samples_come_in_the_order_of_their_names(name, write, channels, monkeypatch):
    """The system lists files in any order, by which a split would differ from machine to machine."""
    write()
    shape = (channels, 5, 6)
    here = loaded(name, monkeypatch, shape).train
    batch = here.make(here.indices, 0)
    assert (batch["image"][:, 0, 0, 0] * 25.5).round().tolist() == [0, 3, 1, 2] and here.labels.tolist() == [0, 0, 1, 1]
    listdir, scandir = os.listdir, os.scandir
    backwards = {"listdir": lambda path=".": sorted(listdir(path), reverse=True),
                 "scandir": lambda path=".": Backwards(scandir(path))}  # fmt: skip
    for function, other in backwards.items():
        monkeypatch.setattr(os, function, other)
    there = loaded(name, monkeypatch, shape).train
    for part in ("image", "target"):
        assert torch.equal(*(each.make(each.indices, 0)[part] for each in (here, there)))


class Backwards(list):
    """Entries of a folder in the order that is not that of their names."""

    def __init__(self, entries):
        super().__init__(sorted(entries, key=lambda each: each.name, reverse=True))

    def __enter__(self):
        return iter(self)

    def __exit__(self, *problem):
        pass


def test_detection_has_boxes_and_labels(capsys):
    coco()
    source = call("CocoDetection", "data", "data/coco.json")
    train = recipe(net(*RGB), train=source, workers=0, pad=0).load(0, 3).train
    batch = train.make(train.indices, 0)
    assert batch["boxes"].tolist() == [[[1, 1, 3, 4], [0, 0, 4, 4]], [[2, 1, 5, 3], [0] * 4], [[0] * 4] * 2]
    assert batch["labels"].tolist() == [[7, 9], [7, 0], [0, 0]] and batch["boxes_lengths"].tolist() == [2, 1, 0]
    assert capsys.readouterr().out == ""


def test_a_detector_takes_boxes_and_labels():
    """The fields of the map are inputs of the net, by their names; what is padded goes with the pictures' flips."""
    coco()
    kinds = {"image": ("float32", RGB), "boxes": ("float32", ("K", 4)), "labels": ("int64", ("K",))}
    inputs = [Value(name, TensorType(kind, ("N", *dims)), SPAN) for name, (kind, dims) in kinds.items()]
    detector = Net("D", Module("net", "D", inputs, own_inputs=3), ((None, TensorType("float32", ())),), {"N": None})
    flip = {"augment": [call("RandomHorizontalFlip", 1.0)]}
    source = call("CocoDetection", "data", "data/coco.json")
    train = recipe(detector, flip, train=source, workers=0, pad=0).load(0, 3).train
    batch = train.make(train.indices, 0)
    assert batch["boxes"].tolist() == [[[3, 1, 5, 4], [2, 0, 6, 4]], [[1, 1, 4, 3], [0] * 4], [[0] * 4] * 2]
    assert batch["labels"].tolist() == [[7, 9], [7, 0], [0, 0]] and batch["image"].shape == (3, *RGB)


@pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="needs Python 3.11.4")
def test_archives_that_are_there_write_nothing_outside_their_folder(project, monkeypatch):
    """ImageNet's are unpacked where its folders are not there yet, without a download."""
    (project / "data").mkdir()
    with tarfile.open(project / "data" / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("../../escaped")
        entry.size = 4
        tar.addfile(entry, io.BytesIO(b"evil"))
    with pytest.raises(SpecError, match="outside the destination"):
        loaded("ImageNet", monkeypatch, RGB)
