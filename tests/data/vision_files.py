"""Writes small files in the formats of torchvision's data sets, into `data`."""

from __future__ import annotations

import bz2
import io
import json
import struct
from pathlib import Path

import numpy as np
import PIL.Image

COUNT = 4
SHADES = [10 * number for number in range(COUNT)]
LABELS = [0, 1, 1, 0]


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


def renamed() -> None:
    for path in Path("data").rglob("*_*.jpg"):
        label, of = path.stem.split("_")
        path.rename(path.with_name(f"{int(label) + 1:03d}_{int(of):04d}.jpg"))


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
