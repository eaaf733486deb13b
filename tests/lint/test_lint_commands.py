"""Lints on the command line and in Python: warnings that change no exit code and stop nothing."""

from __future__ import annotations

import json

import pytest

import tnet
from tnet.cli.main import main

SPEC = """\
net Line(v: float[N, 3]) -> float[N, 2] {
  Linear(2)
  BatchNorm1d(2)
}
"""

TRAIN = """\
data { train = Tensors("points.npz"); split = [0.6, 0.2, 0.2] }
train { epochs = 1; batch = 8; loss = CrossEntropyLoss(); optimizer = Adam(); compile = false }
"""

LINES = [
    "spec.tnet:2:3: warning[TN1004]: the bias of `Linear` is taken away by `BatchNorm1d`",
    "spec.tnet:3:15: warning[TN1020]: `BatchNorm1d` is not told its `num_features`",
]


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "spec.tnet"
    path.write_text(SPEC)
    return path


def test_check_shows_them_whole(capsys, spec):
    assert main(["check", "spec.tnet"]) == 0
    output = capsys.readouterr()
    assert output.out.startswith(LINES[0]) and " 2 |   Linear(2)\n   |   ^^^^^^^^^\n" in output.out
    assert "help: write `Linear(2, bias=false)`" in output.out and "\nspec.tnet: 2 warnings\n" in output.out
    assert output.err == ""


def test_check_in_other_formats(capsys, spec):
    assert main(["check", "spec.tnet", "--format", "concise"]) == 0
    assert capsys.readouterr().out.splitlines() == LINES
    assert main(["check", "spec.tnet", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(each["code"], each["severity"], each["line"]) for each in found] == [
        ("TN1004", "warning", 2),
        ("TN1020", "warning", 3),
    ]


def test_other_commands_print_a_line_each_on_stderr(capsys, spec):
    for command in ("summary", "build"):
        assert main([command, "spec.tnet"]) == 0
        output = capsys.readouterr()
        assert output.err.splitlines() == LINES and "TN1004" not in output.out


def test_training_prints_them_once(capsys, spec):
    np = pytest.importorskip("numpy")
    np.savez("points.npz", v=np.random.rand(40, 3).astype("float32"), target=np.arange(40) % 2)
    spec.write_text(SPEC + TRAIN)
    assert main(["train", "spec.tnet", "--out", "run"]) == 0
    assert [line for line in capsys.readouterr().err.splitlines() if "warning" in line] == LINES


def test_in_python_they_are_diagnostics_and_raise_nothing(spec):
    loaded = tnet.load(spec)
    assert [each.code for each in loaded.check()] == ["TN1004", "TN1020"]
    assert loaded.model() is not None


def test_a_lint_of_an_override_stands_at_the_override(capsys, spec):
    spec.write_text(SPEC.replace("(2)\n}", "\n}").replace("Linear(2)", "Linear(2, bias=false)") + TRAIN)
    assert main(["check", "spec.tnet", "train.batch=1", "--format", "concise"]) == 0
    assert capsys.readouterr().out == (
        "<command line>:1:13: warning[TN1007]: `batchnorm1d` is trained with one sample at a time\n"
    )
