"""torchvision's data sets, read from small files of their own formats: samples, classes and kinds are as by hand."""

from __future__ import annotations

import bz2
import importlib
import io
import json
import os
import struct
import tarfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from by_hand import SPAN, call, net, recipe
from torchvision import datasets

from tnet.diagnostics import SpecError
from tnet.ir.graph import Module, Net, Value
from tnet.ir.types import TensorType

COUNT = 4
SHADES = [10 * number for number in range(COUNT)]
LABELS = [0, 1, 1, 0]
RGB, GREY = (3, 5, 6), (1, 28, 28)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(name: str, content: bytes | str) -> None:
    path = Path("data") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def picture(shade: int, mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    PIL.Image.new(mode, (6, 5), (shade,) * 3 if mode == "RGB" else shade).save(content, "PNG")
    return content.getvalue()


def pictures(pattern: str) -> None:
    """The pictures with these shades; `pattern` has their number, label and the label's letter."""
    for number, label in enumerate(LABELS):
        written(
            pattern.format(number, label=label, name="ab"[label], of=LABELS[:number].count(label) + 1), shaded(number)
        )


def shaded(number: int) -> bytes:
    return picture(SHADES[number])


def matrix(**fields) -> bytes:
    from scipy.io import savemat

    content = io.BytesIO()
    savemat(content, fields)
    return content.getvalue()


def idx(array: np.ndarray) -> bytes:
    kind = {"uint8": 8, "int32": 12}[array.dtype.name]
    return (
        struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


def squares(*shape: int) -> np.ndarray:
    """Images of one shade each."""
    return np.broadcast_to(np.array(SHADES, dtype=np.uint8).reshape(-1, *[1] * len(shape)), (COUNT, *shape)).copy()


def mnist(folder: str, parts=("train", "t10k")) -> None:
    for part in parts:
        written(f"{folder}/raw/{part}-images-idx3-ubyte", idx(squares(28, 28)))
        written(f"{folder}/raw/{part}-labels-idx1-ubyte", idx(np.array(LABELS, dtype=np.uint8)))


def qmnist() -> None:
    written("QMNIST/raw/qmnist-train-images-idx3-ubyte", idx(squares(28, 28)))
    written(
        "QMNIST/raw/qmnist-train-labels-idx2-int", idx(np.array([[each, *range(7)] for each in LABELS], dtype=np.int32))
    )


def usps() -> None:
    rows = [" ".join([str(label + 1), *(f"{place}:{shade / 127.5 - 1:.6f}" for place in range(1, 257))])
            for label, shade in zip(LABELS, [0, 51, 102, 255], strict=True)]  # fmt: skip
    written("usps.bz2", bz2.compress("\n".join(rows).encode()))


def semeion() -> None:
    rows = [" ".join([*["1.0" if number % 2 else "0.0"] * 256, *("1" if c == label else "0" for c in range(10))])
            for number, label in enumerate(LABELS)]  # fmt: skip
    written("semeion.data", "\n".join(rows))


def svhn() -> None:
    images = squares(32, 32, 3).transpose(1, 2, 3, 0)
    written("train_32x32.mat", matrix(X=images, y=np.array([[each or 10] for each in LABELS], dtype=np.uint8)))


def stl10() -> None:
    written("stl10_binary/train_X.bin", squares(3, 96, 96).tobytes())
    written("stl10_binary/train_y.bin", bytes(each + 1 for each in LABELS))
    for name in ("unlabeled_X", "test_X", "test_y"):
        written(f"stl10_binary/{name}.bin", b"")


def fer2013() -> None:
    rows = [f"{label},{' '.join([str(shade)] * 48 * 48)}" for label, shade in zip(LABELS, SHADES, strict=True)]
    written("fer2013/train.csv", "\n".join(["emotion,pixels", *rows]))


def gtsrb() -> None:
    for number, label in enumerate(LABELS):
        content = io.BytesIO()
        PIL.Image.open(io.BytesIO(shaded(number))).save(content, "PPM")
        written(f"gtsrb/GTSRB/Training/0000{label}/{number}.ppm", content.getvalue())


def flowers() -> None:
    for number in range(COUNT):
        written(f"flowers-102/jpg/image_{number + 1:05d}.jpg", shaded(number))
    written("flowers-102/imagelabels.mat", matrix(labels=np.array([each + 1 for each in LABELS])))
    written("flowers-102/setid.mat", matrix(trnid=np.arange(1, COUNT + 1), valid=[1], tstid=[1]))


def food() -> None:
    pictures("food-101/images/{name}/{0}.jpg")
    listed = {name: [f"{name}/{i}" for i, each in enumerate(LABELS) if "ab"[each] == name] for name in "ab"}
    written("food-101/meta/train.json", json.dumps(listed))


def dtd() -> None:
    pictures("dtd/dtd/images/{name}/{0}.jpg")
    written("dtd/dtd/labels/train1.txt", "".join(f"{'ab'[each]}/{i}.jpg\n" for i, each in enumerate(LABELS)))


def pets() -> None:
    """Of breeds; every second one is a dog."""
    pictures("oxford-iiit-pet/images/{name}_{0}.jpg")
    lines = [f"{'ab'[each]}_{number} {each + 1} {number % 2 + 1} 1\n" for number, each in enumerate(LABELS)]
    written("oxford-iiit-pet/annotations/trainval.txt", "".join(lines))
    for number, label in enumerate(LABELS):
        written(f"oxford-iiit-pet/annotations/trimaps/{'ab'[label]}_{number}.png", picture(number, "L"))


def cars() -> None:
    pictures("stanford_cars/cars_train/{0}.jpg")
    rows = np.array([(f"{i}.jpg", each + 1) for i, each in enumerate(LABELS)], dtype=[("fname", "O"), ("class", "O")])
    written("stanford_cars/devkit/cars_train_annos.mat", matrix(annotations=rows))
    written("stanford_cars/devkit/cars_meta.mat", matrix(class_names=np.array(["a", "b"], dtype=object)))


def aircraft() -> None:
    pictures("fgvc-aircraft-2013b/data/images/{0}.jpg")
    written("fgvc-aircraft-2013b/data/variants.txt", "a\nb\n")
    lines = "".join(f"{i} {'ab'[each]}\n" for i, each in enumerate(LABELS))
    written("fgvc-aircraft-2013b/data/images_variant_train.txt", lines)


def caltech101() -> None:
    written("caltech101/101_ObjectCategories/BACKGROUND_Google/1.jpg", shaded(0))
    pictures("caltech101/101_ObjectCategories/{name}/image_{of:04d}.jpg")


def sun() -> None:
    written("SUN397/ClassName.txt", "/a/a\n/b/b\n")
    pictures("SUN397/{name}/{name}/sun_{0}.jpg")


def celeba() -> None:
    names = [f"{number:06d}.jpg" for number in range(COUNT)]
    for number, name in enumerate(names):
        written(f"celeba/img_align_celeba/{name}", shaded(number))
    of = {
        "list_eval_partition": ("", "0"), "identity_CelebA": ("", "7"), "list_bbox_celeba": ("4\nx_1\n", "1 2 3 4"),
        "list_landmarks_align_celeba": ("4\nlefteye_x\n", "1 2"), "list_attr_celeba": ("4\nBald Young\n", "-1 1"),
    }  # fmt: skip
    for file, (head, row) in of.items():
        written(f"celeba/{file}.txt", head + "".join(f"{name} {row}\n" for name in names))


def places() -> None:
    written("categories_places365.txt", "/a/a 0\n/b/b 1\n")
    pictures("data_256_standard/{name}/{0}.jpg")
    lines = "".join(f"/{'ab'[each]}/{i}.jpg {each}\n" for i, each in enumerate(LABELS))
    written("places365_train_standard.txt", lines)


def people() -> None:
    written("lfw-py/lfw-funneled.tgz", "")
    pictures("lfw-py/lfw_funneled/{name}/{name}_{of:04d}.jpg")
    written("lfw-py/lfw-names.txt", "a 2\nb 2\n")
    written("lfw-py/peopleDevTrain.txt", "2\na\t2\nb\t2\n")


def omniglot() -> None:
    written("omniglot-py/images_background.zip", "")
    pictures("omniglot-py/images_background/Greek/{name}/{0}.png")


def sst() -> None:
    for number, label in enumerate(LABELS):
        written(f"rendered-sst2/train/{('negative', 'positive')[label]}/{number}.png", shaded(number))


def clevr() -> None:
    pictures("clevr/CLEVR_v1.0/images/train/{0}.png")
    scenes = [{"image_filename": f"{i}.png", "objects": [{}] * (each + 3)} for i, each in enumerate(LABELS)]
    written("clevr/CLEVR_v1.0/scenes/CLEVR_train_scenes.json", json.dumps({"scenes": scenes}))


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


def renamed() -> None:
    for path in Path("data").rglob("*_*.jpg"):
        label, of = path.stem.split("_")
        path.rename(path.with_name(f"{int(label) + 1:03d}_{int(of):04d}.jpg"))


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


def coco() -> None:
    """A picture with two boxes, one with one, one with none."""
    images = [{"id": number, "file_name": f"{number}.jpg", "width": 6, "height": 5} for number in range(3)]
    boxes = [(0, [1, 1, 2, 3], 7), (0, [0, 0, 4, 4], 9), (1, [2, 1, 3, 2], 7)]
    marked = [{"id": number, "image_id": image, "bbox": box, "category_id": kind, "area": 4, "iscrowd": 0,
               "segmentation": [[1, 1, 3, 1, 3, 4]]} for number, (image, box, kind) in enumerate(boxes, 1)]  # fmt: skip
    kinds = [{"id": 7, "name": "cat"}, {"id": 9, "name": "dog"}]
    written("coco.json", json.dumps({"images": images, "annotations": marked, "categories": kinds}))
    for number in range(3):
        written(f"{number}.jpg", shaded(number))


def test_detection_has_boxes_and_labels(capsys):
    pytest.importorskip("pycocotools")
    coco()
    source = call("CocoDetection", "data", "data/coco.json")
    train = recipe(net(*RGB), train=source, workers=0, pad=0).load(0, 3).train
    batch = train.make(train.indices, 0)
    assert batch["boxes"].tolist() == [[[1, 1, 3, 4], [0, 0, 4, 4]], [[2, 1, 5, 3], [0] * 4], [[0] * 4] * 2]
    assert batch["labels"].tolist() == [[7, 9], [7, 0], [0, 0]] and batch["boxes_lengths"].tolist() == [2, 1, 0]
    assert capsys.readouterr().out == ""


def test_a_detector_takes_boxes_and_labels():
    """The fields of the map are inputs of the net, by their names; what is padded goes with the pictures' flips."""
    pytest.importorskip("pycocotools")
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
