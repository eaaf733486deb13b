"""The pages of `tnet explain`: a wrong example gives its code and exactly the golden text, a right one nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import GOLDEN
from tnet.cli.main import main
from tnet.cli.pages import page
from tnet.compiler import compile_spec
from tnet.diagnostics import SpecError
from tnet.diagnostics.codes import CODES
from tnet.diagnostics.render import render_full
from tnet.opening import load
from tnet.source import Source
from tnet.spec import Spec

LINTS = "TN10"
PAGES = {code: page(code) for code in CODES if not code.startswith(LINTS)}
WITHOUT_EXAMPLE = {"TN0002"}
"""A fault of tnet's own: no spec is known that shows it."""
TRAINED = {"TN0702", "TN0703", "TN0904"}
"""What is found only when the data is read or the training runs."""
SPECS = [code for code, each in PAGES.items() if each.wrong and each.language == "tnet" and code not in TRAINED]
COMMANDS = [code for code, each in PAGES.items() if each.language == "sh"]


@pytest.mark.parametrize("code", PAGES)
def test_every_code_has_a_page(code):
    assert len(PAGES[code].meaning.split()) >= 15
    assert bool(PAGES[code].wrong and PAGES[code].right) is (code not in WITHOUT_EXAMPLE)


@pytest.mark.parametrize("code", SPECS)
def test_wrong_specs(code, golden):
    found = compile_spec(Source("wrong.tnet", PAGES[code].wrong)).diagnostics
    assert code in {each.code for each in found}
    golden(GOLDEN / "explain" / f"{code}.txt", render_full(found) + "\n")


@pytest.mark.parametrize("code", SPECS)
def test_right_specs(code):
    assert render_full(compile_spec(Source("right.tnet", PAGES[code].right)).diagnostics) == ""


@pytest.mark.parametrize("code", sorted(TRAINED))
def test_wrong_trainings(code, golden, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError) as raised:
        Spec(Source("wrong.tnet", PAGES[code].wrong)).checked(training=True).train(out=tmp_path / "run")
    assert [each.code for each in raised.value.diagnostics] == [code]
    text = render_full(raised.value.diagnostics).replace(str(tmp_path), "FOLDER")
    golden(GOLDEN / "explain" / f"{code}.txt", text + "\n")


@pytest.mark.parametrize("code", sorted(TRAINED))
def test_right_trainings(code, tmp_path):
    spec = Spec(Source("right.tnet", PAGES[code].right)).checked(training=True)
    assert spec.check() == [] and spec.data().train is not None


@pytest.mark.parametrize("code", COMMANDS)
def test_wrong_commands(code, golden, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    (tmp_path / "net.tnet").write_text("hyper width = 16\nnet A(v: float[N, 4]) { Linear(width) }\n")
    (tmp_path / "own.tnet").write_text("use mypkg.layers: Swish\nnet A(v: float[N, 4]) { Swish }\n")
    if code in RUNS:
        RUNS[code]()
    capsys.readouterr()
    command, *arguments = PAGES[code].wrong.split()
    assert command == "tnet" and main(arguments) > 0
    out, err = capsys.readouterr()
    assert code in out + err
    golden(GOLDEN / "explain" / f"{code}.txt", (out + err).replace(str(tmp_path), "FOLDER"))


def _a_run(folder: str = "runs/first"):
    Path("line.tnet").write_text(PAGES["TN0904"].right)
    load("line.tnet").train(out=folder)


def _a_run_without_checkpoints():
    _a_run("runs/nothing")
    shutil.rmtree("runs/nothing/checkpoints")
    Path("runs/nothing/model.safetensors").unlink()


RUNS = {"TN0903": _a_run_without_checkpoints, "TN0905": _a_run}
"""The runs that commands need."""
