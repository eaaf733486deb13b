"""Files that a spec names stay in its project: not above it, not absolute, not by a link."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import tnet
from tnet.compiler import compile_spec
from tnet.diagnostics import SpecError
from tnet.syntax import read

NET = "net A(v: float[N, 8]) -> float[N, 2] { Linear(2) }\n"
IMAGES = "net A(image: float[N, 3, 8, 8]) -> float[N, 1] { Flatten; Linear(1) }\n"
TRAIN = (
    "train { epochs = 1; batch = 1; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1); compile = false; SETTING }\n"
)
POINTS = NET + 'data { train = Tensors("points.npz") }\n'

NAMED = {
    "ImageFolder": ("photos", IMAGES + 'data { train = ImageFolder("PATH") }\n' + TRAIN.replace("SETTING", "")),
    "Text": ("tokens.txt", NET + 'data { train = Text("PATH", block=8) }\n' + TRAIN.replace("SETTING", "")),
    "Tensors": ("points.npz", NET + 'data { train = Tensors("PATH") }\n' + TRAIN.replace("SETTING", "")),
    "weights": ("w.safetensors", POINTS + TRAIN.replace("SETTING", 'weights = "PATH"')),
    "file": (
        "w.safetensors",
        POINTS + TRAIN.replace("SETTING", "") + 'parameters { *.weight { init = file("PATH", "linear.weight") } }\n',
    ),
    "Distill": ("b.tnet", POINTS + TRAIN.replace("SETTING", 'distill = Distill("PATH")')),
    "Distill's weights": (
        "w.safetensors",
        POINTS + TRAIN.replace("SETTING", 'distill = Distill("t.tnet", weights="PATH")'),
    ),
    "from": ("b.tnet", 'from "PATH" import B\n' + NET.replace("Linear(2)", "B")),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project, the working directory; beside it a folder with all the files that are named, which fit."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    (outside / "photos" / "cls").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(outside / "photos" / "cls" / "a.png")
    (outside / "tokens.txt").write_bytes(bytes(100))
    (outside / "b.tnet").write_text("block B { Linear(2) }\n" + NET)
    save_file({"linear.weight": torch.zeros(2, 8), "linear.bias": torch.zeros(2)}, outside / "w.safetensors")
    project.mkdir()
    (project / "t.tnet").write_text(NET)
    for folder in (project, outside):
        np.savez(folder / "points.npz", v=np.zeros((8, 8), "float32"), target=np.zeros(8, "int64"))
    monkeypatch.chdir(project)
    return project


def refusals(project, text):
    (project / "a.tnet").write_text(text)
    if found := [each for each in compile_spec(read(project / "a.tnet")).diagnostics if each.severity == "error"]:
        return found
    with pytest.raises(SpecError) as raised:
        tnet.load(project / "a.tnet").train(out=project / "run")
    return raised.value.diagnostics


def filled(template: str, path: str) -> str:
    return template.replace("PATH", path)


@pytest.mark.parametrize("way", ["above", "absolute", "link", "folder"])
@pytest.mark.parametrize("kind", NAMED)
def test_files_outside_are_refused(project, kind, way):
    name, template = NAMED[kind]
    outside = project.parent / "outside"
    (project / f"link-{name}").symlink_to(outside / name)
    (project / "folder").symlink_to(outside)
    path = {"above": f"../outside/{name}", "absolute": str(outside / name), "link": f"link-{name}",
            "folder": f"folder/{name}"}[way]  # fmt: skip
    found = refusals(project, filled(template, path))
    code, words = ("TN0902", "leads out of the project") if kind == "from" else ("TN0304", "is outside the project")
    assert [(each.code, words in each.message) for each in found] == [(code, True)]
    assert path in found[0].span.text


def test_the_same_files_inside_are_taken(project):
    """So that the refusals are not about something else."""
    for name in {name for name, _ in NAMED.values()} - {"photos", "tokens.txt"}:
        (project / name).write_bytes((project.parent / "outside" / name).read_bytes())
    for kind in ("Tensors", "weights", "file", "Distill", "Distill's weights"):
        (project / "a.tnet").write_text(filled(NAMED[kind][1], NAMED[kind][0]))
        tnet.load(project / "a.tnet").train(out=project / kind)


@pytest.mark.parametrize("link", ["photos/cls", "photos/cls/a.png"])
def test_links_in_a_folder_of_images_are_refused(project, link):
    target = project / link
    target.parent.mkdir(parents=True)
    target.symlink_to(project.parent / "outside" / link)
    (found,) = refusals(project, filled(NAMED["ImageFolder"][1], "photos"))
    assert found.code == "TN0304" and "a link leads" in found.message
    os.rename(project.parent / "outside", project / "inside")
    target.unlink()
    target.symlink_to(project / "inside" / link)
    assert len(tnet.load(project / "a.tnet").data().train) == 1


@pytest.mark.parametrize("kind", ["ImageFolder", "weights", "file", "Distill"])
def test_paths_that_are_none_are_refused(project, kind):
    (project / "circle").symlink_to(project / "circle")
    for path in ("a" * 5000, "circle/x"):
        codes = {each.code for each in refusals(project, filled(NAMED[kind][1], path))}
        assert codes <= {"TN0304", "TN0702", "TN0902"}


def test_a_path_is_a_text(project):
    (found,) = refusals(project, filled(NAMED["ImageFolder"][1], "x").replace('"x"', "Linear"))
    assert found.code in ("TN0303", "TN0704") and "TN0002" not in found.code
