"""`tnet check --data`, and what a run says of the samples that it has skipped."""

from __future__ import annotations

import json

import PIL.Image
import pytest
import yaml

import tnet
from tnet.cli.main import main

SPEC = """
net Small(image: float[N, 3, 4, 5]) -> float[N, {classes}] {{ flatten(1); Linear({classes}) }}
data {{ train = {source}; workers = 0 {more} }}
train {{
  steps = 4; batch = 4; loss = CrossEntropyLoss(); optimizer = Adam(lr=0.1); compile = false; device = "cpu"
}}
"""


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(8):
        folder = tmp_path / "photos" / ("cat" if number % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (5, 4), (20 * number,) * 3).save(folder / f"{number}.png")
    (tmp_path / "t.csv").write_text("a,y\n1,0\nnan,1\n")
    return tmp_path / "photos"


def written(source='ImageFolder("photos")', classes=2, more=""):
    with open("s.tnet", "w") as file:
        file.write(SPEC.format(source=source, classes=classes, more=more))


def checked(capsys):
    code = main(["check", "s.tnet", "--data", "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_good_data_is_good(photos, capsys):
    written()
    assert checked(capsys) == (0, [])


def test_every_bad_sample_is_named(photos, capsys):
    for number in (1, 5):
        (photos / "cat" / f"{number}.png").write_bytes(b"no picture")
    PIL.Image.new("RGB", (3, 3)).save(photos / "dog" / "6.png")
    written(more="; cache = false")
    code, found = checked(capsys)
    told = " ".join(each["message"] for each in found)
    assert code == 1 and "1.png" in told and "5.png" in told and "float32[N, 3, 3, 3]" in told
    written(more='; on_bad_sample = "skip"')
    (photos / "dog" / "6.png").unlink()
    code, found = checked(capsys)
    assert code == 0 and [each["severity"] for each in found] == ["warning", "warning"]


@pytest.mark.parametrize("source, classes, code, words", [
    ('ImageFolder("nowhere")', 2, "TN0702", "no file or folder `nowhere`"),
    ('ImageFolder("photos")', 1, "TN0703", "`train` has class 1, the net gives 1 classes"),
    ('Table("t.csv", target="z")', 2, "TN0304", "has no column `z`"),
    ('MNIST("photos", download=true)', 2, "TN0702", "`MNIST` cannot be read"),
    ("Iris()", 2, "TN0703", "the data gives `image: float32[N, 4]`"),
])  # fmt: skip
def test_what_is_wrong_with_the_data_is_named(photos, capsys, source, classes, code, words):
    written(source, classes)
    exit_code, found = checked(capsys)
    assert exit_code == 1 and [each["code"] for each in found] == [code] and words in found[0]["message"]


def test_a_run_counts_and_lists_what_it_skipped(photos):
    (photos / "cat" / "3.png").write_bytes(b"no picture")
    written(more='; on_bad_sample = "skip"')
    run = tnet.load("s.tnet").train(out="run")
    events = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    (skip,) = [each for each in events if each["event"] == "skip"]
    assert skip["part"] == "train" and "3.png" in skip["reason"]
    about = yaml.safe_load((run.path / "run.yaml").read_text())["data"]["skipped"]
    assert about["train"]["count"] == 1 and list(about["train"]["samples"]) == [str(skip["sample"])]
    tnet.load("s.tnet", overrides={"train.steps": 8}).train(out="run", resume=True, accept_changes=True)
    events = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert sum(each["event"] == "skip" for each in events) == 1
