"""`tnet explain`."""

from __future__ import annotations

import json
import re

import pytest

from tnet.cli import pages
from tnet.cli.main import main
from tnet.cli.pages import PHASES
from tnet.diagnostics.codes import CODES


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(["explain", *arguments])
    return (code, *capsys.readouterr())


def test_a_code(capsys):
    code, out, err = run(capsys, "TN0203")
    assert (code, err) == (0, "")
    assert out.startswith("TN0203: unknown layer or function\n\nA step names a layer")
    assert "\n\nwrong:\n\n    net A(" in out and "\n\nright:\n\n    net A(" in out
    assert "    MaxPol2d(2)\n" in out and "```" not in out and "\x1b" not in out


@pytest.mark.parametrize("written", ["tn0203", "0203", "203"])
def test_a_code_may_be_written_shorter(capsys, written):
    assert run(capsys, written) == run(capsys, "TN0203")


def test_several_codes(capsys):
    _, out, _ = run(capsys, "TN0203", "TN0002")
    assert out == run(capsys, "TN0203")[1] + "\n" + run(capsys, "TN0002")[1]


def test_all_codes_by_phase(capsys):
    code, out, err = run(capsys)
    assert (code, err) == (0, "")
    assert re.findall(r"^  (TN\d{4})  (.+)$", out, re.MULTILINE) == list(CODES.items())
    assert [line for line in out.splitlines() if line and not line.startswith(" ")] == [
        words for digits, words in PHASES.items() if any(code[2:4] == digits for code in CODES)
    ]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("TN0230", "did you mean `TN0203`"),
        ("TN9999", "`tnet explain` lists all"),
        ("\x1b[31m", "lists all"),
        ("", "did you mean"),
    ],
)
def test_an_unknown_code(capsys, written, hint):
    code, out, err = run(capsys, written)
    assert (code, out) == (2, "") and hint in err and "\x1b" not in err and len(err.splitlines()) == 1


def test_json(capsys):
    (found,) = json.loads(run(capsys, "TN0301", "--json")[1])
    assert found["code"] == "TN0301" and found["title"] == CODES["TN0301"]
    assert found["meaning"] and found["wrong"].startswith("net ") and found["right"].startswith("net ")
    assert [each["code"] for each in json.loads(run(capsys, "--json")[1])] == list(CODES)


def test_pages_of_lints_are_read_from_their_text(tmp_path, monkeypatch):
    package = tmp_path / "lint"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError\n")
    text = '"""A bias.\n\nWhy."""\nimport not_there\nCODE = "TN1099"\nWRONG = "net A\\n"\nRIGHT = "net B\\n"\n'
    (package / "bias.py").write_text(text)
    monkeypatch.setattr(pages, "files", lambda name: tmp_path)
    pages.lints.cache_clear()
    try:
        (found,) = pages.lints().values()
    finally:
        pages.lints.cache_clear()
    assert (found.code, found.meaning, found.wrong, found.right) == ("TN1099", "A bias.\n\nWhy.", "net A\n", "net B\n")
