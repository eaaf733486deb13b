"""Values from the command line and from YAML keep their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnet.cli.settings import from_yaml, overrides
from tnet.cli.specs import source_of
from tnet.diagnostics import SpecError
from tnet.ir.program import Override
from tnet.spec import Spec

ROOT = Path(__file__).parent.parent.parent


def yaml(folder: Path, text: str) -> list[Override]:
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    return from_yaml(folder / "params.yaml")


def test_places_on_the_command_line():
    (override,) = overrides(["train.optimizer.lr=0.1"], [])
    assert override.path == "train.optimizer.lr" and override.span.text == "0.1"
    assert override.span.place == "<command line>:1:20"


def test_places_in_yaml(tmp_path):
    text = "lr: 1e-3\n\n# note\nwidth:   16 # small\ntrain:\n  epochs: 5\n  precision: 'bf16'\n"
    found = {each.path: (each.span.text, each.span.line, each.span.column) for each in yaml(tmp_path, text)}
    assert found == {
        "lr": ("1e-3", 1, 5), "width": ("16", 4, 10), "train.epochs": ("5", 6, 11), "train.precision": ("bf16", 7, 15),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("on", "true"), ("off", "false"), ("~", "none"), ("1e-3", "1e-3"), ("0.5", "0.5"),
        ("[1, 2e-1, off]", "[1, 2e-1, false]"),
        ("SGD(lr=0.1)", "SGD(lr=0.1)"), ("{18: [2, 2]}", "{18: [2, 2]}"), ("5 epochs", "5 epochs"),
        ("\n  - 1\n  - 2", "[1, 2]"),
    ],
)  # fmt: skip
def test_yaml_values_as_tnet(tmp_path, value, text):
    (override,) = yaml(tmp_path, f"name: {value}\n")
    assert override.span.text == text


def test_an_empty_file_sets_nothing(tmp_path):
    assert yaml(tmp_path, "# nothing\n") == []


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("- 1\n", "expected a map from names to values", "1:1"),
        ("lr: [1\n", "not YAML", "2:1"),
        ("lr: 1\n18: 2\n", "`18` is no name", "2:1"),
        ("lr: 1\nlr: 2\n", "`lr` is given twice", "2:1"),
        ("train:\n  epochs: 1\n  epochs: 2\n", "`epochs` is given twice", "3:3"),
        ("lr: 2020-01-01\n", "`2020-01-01` is a timestamp in YAML", "1:5"),
        ("a: &a [1]\nb: [*a, *a]\n", "an alias of YAML repeats", "1:4"),
        ("a: &a [*a]\n", "an alias of YAML repeats", "1:4"),
        ("train:\n  a b: 2\n", "`a b` is no name", "2:3"),
    ],
)
def test_wrong_yaml(tmp_path, text, message, place):
    with pytest.raises(SpecError, match=message) as caught:
        yaml(tmp_path, text)
    assert caught.value.diagnostics[0].span.place == f"{tmp_path}/params.yaml:{place}"


@pytest.mark.parametrize(("content", "code"), [(None, "TN0902"), (b"\xff\xfe", "TN0105")])
def test_yaml_that_cannot_be_read(tmp_path, content, code):
    if content:
        (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(SpecError) as caught:
        from_yaml(tmp_path / "params.yaml")
    assert caught.value.diagnostics[0].code == code


def test_the_command_line_has_the_last_word(tmp_path):
    (tmp_path / "a.yaml").write_text("width: 16\nclasses: 5\n")
    (tmp_path / "b.yaml").write_text("width: 32\n")
    given = overrides(["width=64"], [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")])
    program = Spec(source_of(str(ROOT / "specs/digits.tnet")), overrides=given).program
    assert program.hypers["width"].value == 64 and program.hypers["classes"].value == 5


def digits(*settings: str) -> Spec:
    return Spec(source_of(str(ROOT / "specs/digits.tnet")), overrides=overrides(list(settings), []))


def test_the_stages_of_a_schedule_can_be_given():
    spec = digits("train.schedule=ConstantLR(factor=0.5) for 2 epochs -> StepLR(1 epoch)").checked(training=True)
    assert [each.value.name for each in spec.program.recipes[None].settings["schedule"].value.stages] == [
        "ConstantLR", "StepLR",
    ]  # fmt: skip
    (problem,) = digits("train.schedule=LinearLR for 2 epochs -> Cosin").check()
    assert problem.span.place == "<command line>:1:41" and "`Cosin`" in problem.message


@pytest.mark.parametrize(
    ("setting", "help"),
    [
        ("epochs=3", "it is a setting: write `train.epochs`"),
        ("foo=3", "there are `classes`, `lr`, `width`"),
        ("data.augment=none", "write its steps in the spec: `augment: { … }`"),
        ("train.loss=foo", "a loss is a class or function of torch, or a block of two inputs"),
    ],
)
def test_what_cannot_be_given_says_what_can(setting, help):
    (problem,) = digits(setting).check()
    assert problem.help == help


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"n: " + b"9" * 100_000, "TN0901"),
        (b"n: " + b"[" * 100_000, "TN0301"),
        (b"a: &a [1]\nb: &b [*a, *a]\nn: [*b, *b]\n", "TN0301"),
        (b"n: !!python/object/apply:os.getcwd []\n", "TN0301"),
        (b"#" * (2**20 + 1), "TN0901"),
        (b"n: \xff\n", "TN0105"),
    ],
)
def test_hostile_yaml(tmp_path, content, code):
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(SpecError) as raised:
        from_yaml(tmp_path / "params.yaml")
    [found] = raised.value.diagnostics
    assert found.code == code and len(found.message) < 500
