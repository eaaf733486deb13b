"""`tnet data`: what the data is, a contact sheet, samples as PNG files."""

from __future__ import annotations

import json

import numpy as np
import PIL.Image
import pytest
import torch
from torchvision.datasets import ImageFolder
from torchvision.transforms.v2 import functional

from tnet.cli.main import main

SPEC = """
net Small(image: float[N, 3, H, W]) -> float[N, 2] {
  Conv2d(2, 1) -> AdaptiveAvgPool2d(1) -> flatten(1)
  head: Linear(2)
}
data {
  train = ImageFolder("photos")
  split = [0.75, 0.25]
  augment: { Resize([8, 8]); RandomHorizontalFlip }
  prepare: { Resize([8, 8]) }
  transform: { Normalize(mean="auto", std="auto") }
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    for number in range(12):
        place = tmp_path / "photos" / ("..cat", "d\u00f6g")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(0, 256, (8 + number % 3, 9, 3), dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(place / f"{number:02}.png")
    (tmp_path / "s.tnet").write_text(SPEC)
    return tmp_path


def test_mean_and_standard_deviation_of_a_data_set(capsys):
    """D1: those of the training samples, to the last digits of a sum in doubles, and what "auto" fills in."""
    import tnet

    assert main(["data", "s.tnet", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    image, target = found["fields"]
    train = tnet.load("s.tnet").data().train
    files = [PIL.Image.open(train.samples.paths[i]).convert("RGB") for i in train.indices]
    small = [functional.resize(functional.pil_to_tensor(each), [8, 8]) for each in files]
    unit = functional.to_dtype(torch.stack(small), torch.float32, scale=True)
    values = unit.double().movedim(1, 0).flatten(1)
    assert image["mean"] == pytest.approx(values.mean(1).tolist(), abs=1e-12)
    assert image["std"] == pytest.approx(values.std(1, correction=0).tolist(), abs=1e-9)
    (auto,) = tnet.load("s.tnet").data().statistics.values()
    assert auto == {"mean": image["mean"], "std": image["std"]}
    assert (image["smallest"], image["largest"], image["dtype"]) == ([3, 8, 9], [3, 10, 9], "uint8")
    whole = torch.cat([functional.pil_to_tensor(each).flatten() for each in files])
    assert (image["least"], image["most"]) == (whole.min(), whole.max()) and target["mean"] is None
    assert [(part["name"], part["samples"]) for part in found["parts"]] == [("train", 9), ("val", 3)]
    counts = found["parts"][0]["classes"]
    assert sum(counts.values()) == 9 and list(counts) == ["..cat", "d\u00f6g"]


def test_the_text_has_parts_classes_and_fields(capsys):
    assert main(["data", "s.tnet"]) == 0
    text = capsys.readouterr().out
    for words in ("train", "..cat", "uint8 image", "[3, 8 … 10, 9]", "as `Normalize` takes them"):
        assert words in text


def test_other_than_pictures(capsys):
    for name, source, field in [("iris", "Iris()", "x"), ("text", 'Text("t.txt", block=4)', "x")]:
        (open("t.txt", "w")).write("abcdefghijklmnopqrstuvwxyz" * 3)
        kind = "int[N, T]" if name == "text" else "float[N, 4]"
        body = "Embedding(256, 3)" if name == "text" else "Linear(3)"
        open(f"{name}.tnet", "w").write(f"net A(x: {kind}) {{ {body} }}\ndata {{ train = {source} }}")
        assert main(["data", f"{name}.tnet", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["fields"][0]["name"] == field and (found["fields"][0]["mean"] is None) == (name == "text")
        assert main(["data", f"{name}.tnet", "-o", "sheet.png"]) == 1 and "no pictures" in capsys.readouterr().err
        assert main(["data", f"{name}.tnet", "--export", "out"]) == 1 and "no images" in capsys.readouterr().err


def test_data_without_a_net(capsys):
    open("bare.tnet", "w").write("data { train = Iris() }")
    assert main(["data", "bare.tnet"]) == 1 and "no main net" in capsys.readouterr().err


def test_a_sheet_of_augmented_samples_with_normalisation_undone(capsys):
    """D9: what is drawn are the training samples of the first epoch, in [0, 1] again."""
    import tnet
    from tnet.render.data_sheet import data_sheet

    assert main(["data", "s.tnet", "-o", "sheet.png"]) == 0 and main(["data", "s.tnet", "-o", "sheet.svg"]) == 0
    assert PIL.Image.open("sheet.png").size[0] > 500 and "d\u00f6g" in open("sheet.svg", encoding="utf-8").read()
    data = tnet.load("s.tnet").data()
    number = torch.cat(data.train.chunks(0))[:1]
    shown = data.train.pipeline.undone(data.train.make(number, 0)["image"][0])
    original = functional.pil_to_tensor(PIL.Image.open(data.train.samples.paths[int(number)]).convert("RGB"))
    expected = functional.to_dtype(functional.resize(original, [8, 8]), torch.float32, scale=True)
    assert min(float((shown - each).abs().max()) for each in (expected, expected.flip(-1))) < 1e-6
    assert len(data_sheet(data, "t", 5).shapes) == 1 + 5 * 3


def test_samples_as_files_in_class_folders(folder, capsys):
    """D7: each image as it came from its source, below the folder alone, whatever a class is called."""
    assert main(["data", "s.tnet", "--export", "out"]) == 0 and "12 images" in capsys.readouterr().out
    files = sorted(folder.glob("out/**/*.png"))
    assert len(files) == 12 and {each.parent.name for each in files} == {"%2E.cat", "d%C3%B6g"}
    originals = {PIL.Image.open(each).tobytes() for each in folder.glob("photos/*/*.png")}
    assert {PIL.Image.open(each).tobytes() for each in files} == originals
    assert len(ImageFolder("out/train")) == 9 and len(ImageFolder("out/val")) == 3
    assert main(["data", "s.tnet", "--export", "out"]) == 4 and "is not empty" in capsys.readouterr().err


def test_names_of_classes_never_lead_out_of_the_folder():
    from tnet.data.export import LONGEST, safe

    names = [
        "../../etc",
        "..",
        ".",
        "",
        "a/b",
        "a\\b",
        "a\0b",
        "con ",
        "x" * 500,
        "x" * 501,
        "\u00e9" * 90,
        "~",
        "a%2Fb",
    ]
    found = [safe(name) for name in names]
    assert len(set(found)) == len(names)
    assert all(not set("/\\\0") & set(each) and each[0] not in ". " and len(each) < LONGEST + 12 for each in found)


@pytest.mark.parametrize("arguments, code, words", [
    (["-o", "x.gif"], 2, "knows the endings"),
    (["-o", "x.png", "--json"], 2, "different things"),
    (["--export", "photos"], 4, "not empty"),
    (["--export", "s.tnet"], 4, "not empty"),
    (["data.train=ImageFolder(\"none\")"], 1, "no file or folder"),
])  # fmt: skip
def test_misuse_is_told(arguments, code, words, capsys):
    assert main(["data", "s.tnet", *arguments]) == code
    assert words in capsys.readouterr().err


def test_samples_that_are_skipped_are_listed(folder, capsys):
    for number in (3, 4):
        (folder / "photos" / ("..cat", "d\u00f6g")[number % 2] / f"{number:02}.png").write_bytes(b"no picture")
    (folder / "s.tnet").write_text(SPEC.replace("split = [0.75, 0.25]", 'on_bad_sample = "skip"'))
    assert main(["data", "s.tnet"]) == 0
    shown = capsys.readouterr().out
    assert "2 training samples skipped:" in shown and "03.png` cannot be read" in shown.replace("\n", "")
    assert main(["data", "s.tnet", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["skipped"]) == 2
    assert main(["data", "s.tnet", "--export", "out"]) == 0
    said = capsys.readouterr()
    assert "10 images in out" in said.out and "2 samples skipped:" in said.err
    assert main(["data", "s.tnet", "-o", "sheet.svg"]) == 0
