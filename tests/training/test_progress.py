"""What the user sees while a spec trains."""

from __future__ import annotations

import re
import sys

import pytest
from small_specs import DIGITS, trained

from tnet.training import progress


def test_lines_where_there_is_no_terminal(tmp_path, capsys):
    """R12, R16: a line an epoch, the stages of the schedule, the result with the time taken."""
    trained(tmp_path / "run", {"train.epochs": 2}, DIGITS)
    out, err = capsys.readouterr()
    assert re.search(r"^data: 1437 train, 180 val, 180 test; 10 classes$", err, re.M)
    assert re.search(r"^mean = \[0\.3\d+\]", err, re.M) and re.search(r"^std = \[0\.3\d+\]", err, re.M)
    values = "  ".join(rf"{name} \d\.\d{{4}}" for name in ("loss", r"train\.accuracy", r"val\.loss", r"val\.accuracy"))
    assert len(re.findall(rf"^epoch \d/2  {values}  [\d.]+ s$", err, re.M)) == 2
    assert "step 10: CosineAnnealingLR begins at lr 0.01 and 0.005" in err
    assert re.search(r"^test\.loss \d\.\d{4}  test\.accuracy \d\.\d{4}$", out, re.M)
    assert re.search(r"^accuracy by class: 0 \d\.\d{3}, 1 ", out, re.M) and re.search(
        r"^46 steps in [\d.]+ s$", out, re.M
    )
    assert "\x1b" not in err + out


def test_a_live_bar_on_a_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(progress, "REFRESH", 0.0)
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("TERM", "xterm")
    trained(tmp_path / "run", {"train.epochs": 2}, DIGITS)
    err = capsys.readouterr().err
    assert "\x1b" in err
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", err)
    assert re.search(
        r"epoch 2/2 .*\d+ steps/s .*loss \d\.\d{4}  train\.accuracy \d\.\d{4}  val\.accuracy \d\.\d{4} +\d:\d\d:\d\d",
        text,
    )


@pytest.mark.parametrize("seconds, text", [(4.25, "4.2 s"), (185, "3 min 05 s"), (7810, "2 h 10 min")])
def test_durations(seconds, text):
    assert progress.duration(seconds) == text
