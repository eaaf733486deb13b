"""Commands as they are typed: usage, exit codes, and what goes to which stream."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tnet.cli import failures
from tnet.cli.commands import COMMANDS
from tnet.cli.env import OPTIONAL
from tnet.cli.main import main
from tnet.cli.output import show
from tnet.diagnostics import Diagnostic, SpecError, error

ROOT = Path(__file__).parent.parent.parent


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main([str(each) for each in arguments])
    output = capsys.readouterr()
    return code, output.out, output.err


def test_help_names_every_command(capsys):
    code, out, err = run(capsys, "--help")
    assert code == 0 and err == ""
    assert all(f"\n  {name} " in out for name in COMMANDS)


def test_no_command_is_wrong_usage(capsys):
    code, out, err = run(capsys)
    assert code == 2 and out == "" and "usage: tnet COMMAND" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(capsys, command):
    code, out, err = run(capsys, command, "--help")
    assert code == 0 and err == ""
    assert out.startswith(f"usage: tnet {command} ")


@pytest.mark.parametrize(
    "arguments",
    [
        "train x.tnet --nproc 2", "build x.tnet -o m.onnx", "build x.tnet -o m.pt2",
    ],
)  # fmt: skip
def test_a_later_option_is_refused_by_name(capsys, arguments):
    code, out, err = run(capsys, *arguments.split())
    option = next(each for each in arguments.split() if each.startswith("-"))
    assert (code, out) == (2, "") and "is not done yet" in err and option in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("trian x.tnet", "tnet: unknown command `trian`; did you mean `train`?"),
        ("frobnicate", "tnet: unknown command `frobnicate`; the commands are new, check, fmt, "),
        ("summary x.tnet --sytle torchsummary", "tnet: unrecognized arguments: --sytle"),
        ("summary", "tnet: the following arguments are required: spec"),
        ("build x.tnet -o model.exe", "tnet: `-o` knows the endings .py, .svg, "),
        ("check specs/digits.tnet lr", "tnet: expected `name=value`, found `lr`"),
        ("check specs/digits.tnet lr=", "tnet: `lr=` has no value"),
        ("check specs/digits.tnet 3=4", "tnet: expected `name=value`, found `3=4`"),
    ],
)
def test_wrong_usage(capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(ROOT)
    code, out, err = run(capsys, *arguments.split())
    assert (code, out) == (2, "") and err.startswith(message)


@pytest.mark.parametrize(
    ("problem", "code", "words"),
    [
        (error("TN0401", "wrong shape"), 1, "error[TN0401]: wrong shape"),
        (error("TN0901", "too long"), 3, "error[TN0901]"),
        (error("TN0902", "no folder"), 4, "error[TN0902]"),
        (error("TN0903", "no checkpoint"), 5, "error[TN0903]"),
        (error("TN0904", "loss is nan"), 6, "error[TN0904]"),
        (PermissionError(13, "Permission denied", "runs/x"), 4, "cannot use the file `runs/x`: permission denied"),
        (MemoryError(), 3, "not enough memory"),
        (SystemExit(75), 75, ""),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (
            ZeroDivisionError("division\nby zero"),
            70,
            "error[TN0002]: internal error: ZeroDivisionError at test_main.py:",
        ),
    ],
)
def test_exit_codes(capsys, monkeypatch, problem, code, words):
    monkeypatch.delenv("TNET_DEBUG", raising=False)
    monkeypatch.setattr(failures, "silence_stdout", lambda: None)

    def dispatch(arguments):
        raise problem

    monkeypatch.setattr("tnet.cli.main.dispatch", dispatch)
    found, out, err = run(capsys, "train")
    assert (found, out) == (code, "") and words in err and "Traceback" not in err
    assert bool(err) == bool(words)


def test_the_first_special_code_decides():
    problems = [Diagnostic("TN0401", "error", "a"), Diagnostic("TN0902", "error", "b")]
    assert failures.code_of(problems) == 4
    assert failures.code_of([Diagnostic("TN0401", "warning", "a")]) == 0
    assert failures.exit_code(SpecError(problems[:1])) == 1


def test_debug_shows_the_traceback(capsys, monkeypatch):
    monkeypatch.setenv("TNET_DEBUG", "1")
    monkeypatch.setattr("tnet.cli.main.dispatch", lambda arguments: 1 // 0)
    code, _, err = run(capsys, "train")
    assert code == 70 and "Traceback" in err and "report it" in err


def test_a_closed_pipe_is_quiet():
    program = "import sys; from tnet.cli.main import main; sys.exit(main(['--help']))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": ""}
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE, env=environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("terminal", "variables", "colour"),
    [(True, {}, True), (False, {}, False), (True, {"NO_COLOR": "1"}, False), (True, {"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals(monkeypatch, terminal, variables, colour):
    for name, value in {"NO_COLOR": "", "TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    show([Diagnostic("TN0401", "error", "wrong shape")], "full", stream)
    assert ("\x1b[" in stream.getvalue()) == colour


def test_env(capsys):
    """E1: versions, devices, the compiler and optional parts, as text and as JSON."""
    import torch

    code, out, err = run(capsys, "env", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["torch"] == torch.__version__ and found["cuda"] == torch.version.cuda
    assert found["devices"][0].startswith("cpu (") and found["threads"] == torch.get_num_threads()
    code, text, _ = run(capsys, "env")
    assert code == 0 and all(f"{name} " in text for name in found)


def test_env_knows_every_extra():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    packages = {name: [re.match(r"[\w-]+", each)[0] for each in needed] for name, needed in extras.items()}
    assert {name: needed for name, needed in packages.items() if name != "test"} == OPTIONAL
