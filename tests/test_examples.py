"""The programs in examples/ run and do what they say."""

from __future__ import annotations

import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"


def main_of(name: str):
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]


def test_hand_written_loop(capsys):
    assert main_of("hand_written_loop")(epochs=1) > 0.7
    assert capsys.readouterr().out.startswith("epoch 1: loss ")


def test_hyper_parameters(capsys):
    found = main_of("hyper_parameters")(widths=(16,), rates=(4e-3, 8e-3), epochs=1)
    assert set(found) == {(16, 4e-3), (16, 8e-3)} and all(share > 0.4 for share in found.values())
    assert "width 16, lr 0.008: 9,978 parameters" in capsys.readouterr().out


def test_features(capsys):
    features = main_of("features")()
    shapes = [(name, tuple(value.shape)) for name, value in features.items()]
    assert shapes == [
        ("layer1", (2, 64, 16, 16)), ("layer2", (2, 128, 8, 8)), ("layer3", (2, 256, 4, 4)), ("layer4", (2, 512, 2, 2)),
    ]  # fmt: skip
