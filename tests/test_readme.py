"""What the README shows is what the project does."""

from __future__ import annotations

import re
from pathlib import Path

import tnet
from tnet.cli.commands import COMMANDS
from tnet.diagnostics.render import render_full

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DIGITS = (ROOT / "specs/digits.tnet").read_text(encoding="utf-8")

SET_UP_AND_TEST = "pip install -e '.[test]' && python -m pytest"


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for each, text in found if each == language]


def test_the_first_lines_are_the_two_commands():
    lines = [line.strip() for line in README.splitlines() if line.strip()]
    assert lines[:2] == ["pip install . && tnet train specs/digits.tnet", SET_UP_AND_TEST]


def test_ci_runs_the_second_as_written():
    assert SET_UP_AND_TEST in (ROOT / ".ci/run").read_text().splitlines()


def test_the_spec_is_that_of_the_gallery():
    assert DIGITS.endswith(blocks("")[0])


def test_the_generated_source_is_current():
    assert blocks("python")[0] == tnet.load(ROOT / "specs/digits.tnet").source()


def test_the_diagnostic_is_current():
    spec = tnet.Spec(tnet.Source("digits.tnet", DIGITS.replace("head: Linear(classes)", "head: Linear(clases)")))
    assert blocks("")[1] == render_full(spec.check()) + "\n"


def test_the_python_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    names: dict = {}
    exec(blocks("python")[1], names)
    assert "ResNet(image" in capsys.readouterr().out
    assert names["scheduler"].get_last_lr()[0] > 0


def test_every_command_is_named():
    assert all(f"`tnet {name} " in README or f"`tnet {name}`" in README for name in COMMANDS)
