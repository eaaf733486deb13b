"""`tnet new`: copies of the gallery, wherever they are made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tnet.cli.main import main
from tnet.cli.new import gallery
from tnet.opening import read
from tnet.syntax import parse

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main(["new", *map(str, arguments)])
    output = capsys.readouterr()
    assert "Traceback" not in output.err
    return code, output.out, output.err


def test_the_start_is_a_spec_that_checks_clean(capsys, folder):
    assert run(capsys, "mine.tnet") == (0, "", "mine.tnet written, from the gallery's digits\n")
    assert "# tnet train mine.tnet\n" in (folder / "mine.tnet").read_text()
    assert main(["check", "mine.tnet"]) == 0
    assert "no errors" in capsys.readouterr().out


@pytest.mark.parametrize("name", gallery())
def test_each_spec_can_be_started_from(capsys, folder, name):
    assert run(capsys, "made/here/mine.tnet", "--from", name)[:2] == (0, "")
    made, origin = folder / "made/here/mine.tnet", ROOT / "specs" / f"{name}.tnet"
    assert made.read_text().replace("made/here/mine", f"specs/{name}") == origin.read_text()
    assert not parse(read(made)).diagnostics


def test_what_a_spec_imports_comes_along(capsys, folder):
    code, _, said = run(capsys, "mine.tnet", "--from", "pieces")
    assert code == 0 and "resnet.tnet written" in said
    assert (folder / "resnet.tnet").read_text() == (ROOT / "specs/resnet.tnet").read_text()
    assert run(capsys, "other.tnet", "--from", "pieces")[0] == 0  # the same file may be there already
    (folder / "resnet.tnet").write_text("# mine\n")
    code, _, said = run(capsys, "third.tnet", "--from", "pieces")
    assert code == 4 and "`resnet.tnet` is there already" in said and not (folder / "third.tnet").exists()


def test_nothing_is_overwritten(capsys, folder):
    (folder / "mine.tnet").write_text("# mine\n")
    code, out, said = run(capsys, "mine.tnet")
    assert (code, out) == (4, "") and "`mine.tnet` is there already" in said
    assert (folder / "mine.tnet").read_text() == "# mine\n"
    (folder / "folder.tnet").mkdir()
    assert run(capsys, "folder.tnet")[0] == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mine.tnet", "--from", "une"], "the gallery has no `une`; did you mean `unet`?"),
        (["mine.tnet", "--from", "zzzzzzzz"], "the gallery has no `zzzzzzzz`; it has alexnet, "),
        (["mine.py"], "a spec's file ends in `.tnet`, not as `mine.py` does"),
        (["-"], "a spec's file ends in `.tnet`"),
        ([], "which file to write?"),
    ],
)
def test_wrong_usage(capsys, folder, arguments, said):
    code, out, found = run(capsys, *arguments)
    assert (code, out) == (2, "") and found.startswith(f"tnet: {said}")
    assert not any(folder.iterdir())


def test_the_gallery_is_listed(capsys):
    code, listed, _ = run(capsys, "--list")
    assert code == 0 and [line.split()[0] for line in listed.splitlines()] == list(gallery())
    assert listed in run(capsys, "--help")[1]


def test_an_installed_package_carries_the_gallery(tmp_path):
    """As in the wheel: no checkout around the package, the gallery inside it."""
    assert '"specs" = "tnet/specs"' in (ROOT / "pyproject.toml").read_text()
    package = tmp_path / "site/tnet"
    shutil.copytree(ROOT / "src/tnet", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("grammars", "specs"):
        shutil.copytree(ROOT / name, package / name)
    command = [sys.executable, "-m", "tnet", "new", "mine.tnet", "--from", "lenet"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(package.parent)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine.tnet").is_file()
