"""`tnet trust` and `--allow`."""

from __future__ import annotations

import pytest

from tnet.cli.main import main

SPEC = "use json.nothing: X\nnet A(v: float[N, 3]) { relu }\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tnet").write_text(SPEC)
    return tmp_path


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main(list(map(str, arguments)))
    return code, *capsys.readouterr()


def test_folders_are_trusted_listed_and_removed(folder, capsys):
    assert run(capsys, "trust", "--list") == (0, "", "")
    assert run(capsys, "trust", ".") == (0, f"{folder} is now trusted\n", "")
    assert run(capsys, "trust", folder) == (0, f"{folder} is already trusted\n", "")
    assert run(capsys, "trust", "--list") == (0, f"{folder}\n", "")
    assert run(capsys, "trust", "--remove", ".") == (0, f"{folder} is no longer trusted\n", "")
    assert run(capsys, "trust", "--remove", ".") == (0, f"{folder} is not trusted\n", "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["nowhere"], 4), (["a.tnet"], 4), ([], 2), (["--remove"], 2), (["--list", "."], 2), (["--list", "--remove"], 2)],
)
def test_misuse(folder, capsys, arguments, code):
    found, out, err = run(capsys, "trust", *arguments)
    assert found == code and not out and "Traceback" not in err


def test_a_configuration_that_cannot_be_written(folder, capsys):
    (folder / "configuration").write_text("a file")
    assert run(capsys, "trust", ".")[0] == 4


@pytest.mark.parametrize("command", ["check", "build", "summary", "plan", "train", "why"])
def test_every_command_takes_allow(folder, capsys, command):
    rest = ["x"] if command == "why" else []
    refused, allowed = (run(capsys, command, "a.tnet", *rest, *given) for given in ([], ["--allow", "json"]))
    assert refused[0] == allowed[0] == 1
    assert "TN0505" in "".join(refused[1:]) and "TN0506" in "".join(allowed[1:])
