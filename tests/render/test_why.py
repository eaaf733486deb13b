"""Where each property of a parameter comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tnet
from tests.conftest import GOLDEN
from tnet.cli.main import main
from tnet.source import Source

SPECS = sorted((GOLDEN / "why").glob("*.tnet"))
DIGITS = str(Path(__file__).parent.parent.parent / "specs/digits.tnet")

WITHOUT_WEIGHTS = """
net Tuned(image: float[N, 3, 64, 64]) -> float[N, 2] {
  body: models.resnet18(weights="IMAGENET1K_V1") { fc: Identity }
  head: Linear(2)
}
parameters { *.weight { init = 0.5 } }
"""


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_m8_why(path, golden):
    """M8: every parameter with its elements and whether it gets a gradient, and all that is said of it."""
    first, *_ = path.read_text(encoding="utf-8").splitlines()
    spec = tnet.Spec(Source(path.name, path.read_text(encoding="utf-8")))
    questions = [each.strip() for each in first.removeprefix("# why:").split("|")]
    golden(
        path.with_suffix(".txt"), "\n".join(f"$ tnet why {name}\n\n{spec.why(name).table()}\n" for name in questions)
    )


def test_json_has_the_history_of_each_property(capsys):
    assert main(["why", DIGITS, "head.weight", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["shape"], found["gradient"]) == ("head.weight", [10, 1024], "yes")
    lr = found["properties"]["lr"]
    assert (lr["value"], lr["by"], lr["at"]) == ("0.002", "head", f"{DIGITS}:29:19")
    assert [(each["value"], each["by"]) for each in lr["overrode"]] == [("0.004", "train")]


def test_settings_may_stand_before_or_after_the_name(capsys):
    for words in (["lr=1", "head.weight"], ["head.weight", "lr=1"]):
        assert main(["why", DIGITS, *words]) == 0
        assert "lr              0.5 " in capsys.readouterr().out


def test_values_of_pretrained_weights_are_not_drawn():
    weight, head = (tnet.loads(WITHOUT_WEIGHTS).why(name) for name in ("body.conv1.weight", "head.weight"))
    reason = weight.parameters[0].reasons["init"]
    assert (reason.shown, reason.by, reason.overrode.shown) == ("pretrained", "weights of resnet18", "0.5")
    assert head.parameters[0].reasons["init"].shown == "0.5"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["hed.weight"], 1, "did you mean `head.weight`?"),
        ([":norms"], 1, "did you mean `:norm`?"),
        (["Conv2d head"], 1, "no parameter meets `Conv2d head`"),
        (["head,"], 1, "a selector is missing"),
        ([], 2, "NAME"),
        (["head", "features"], 2, "expected one NAME, found 2"),
        (["lr=1"], 2, "expected one NAME, found 0"),
    ],
)
def test_names_that_mean_nothing(words, code, message, capsys):
    assert main(["why", DIGITS, *words]) == code
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("width", [60, 100])
def test_nothing_is_cut(width):
    text = tnet.Spec(Source("a.tnet", (GOLDEN / "why/rules.tnet").read_text())).why("*").table(width)
    assert max(map(len, text.splitlines())) <= width and "…" not in text
