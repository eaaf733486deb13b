"""Names of files, classes and hyper-parameters on every page but that of a run: shown, never run, and readable."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.browser import CONTRASTS, OVERLAPS
from tnet.cli.main import main

NASTY = "<img src=x onerror=hacked=1> & \"q\" 'p' \u05e9\u05dc\u05d5\u05dd \U0001f389 \u202etxt"
CLASSES = ["<script>hacked = 1<\u2215script>", NASTY, "long " * 30]
SPEC = """
hyper note = "<script>hacked = 1</script>"
hyper width = 4
net Tiny(image: float[N, 3, 8, 8]) -> float[N, 3] { conv: Conv2d(width, 3); relu; flatten(1); head: Linear(3) }
parameters { conv { freeze = 1 epoch; lr = 0.01 } }
data { train = ImageFolder("pictures"); split = [0.5, 0.25, 0.25] }
train { epochs = 2; batch = 4; compile = false; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1, weight_decay=0.1) }
"""
COMMANDS = {
    "plan.html": ["plan", "SPEC", "-o"],
    "plan.svg": ["plan", "SPEC", "-o"],
    "rates.html": ["plan", "SPEC", "--find-lr", "-o"],
    "diff.html": ["diff", "SPEC", "OTHER", "-o"],
    "diff.svg": ["diff", "SPEC", "OTHER", "-o"],
    "sheet.svg": ["data", "SPEC", "-o"],
    "said.html": ["predict", "RUN", "PICTURE", "-o"],
    "said.svg": ["predict", "RUN", "PICTURE", "-o"],
    "both.html": ["report", "RUN", "SECOND", "-o"],
}
"""What writes each page; the net's page of `diff.html` has no pictures that `OVERLAPS` knows."""


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nasty") / NASTY
    draws = np.random.default_rng(0)
    for name in CLASSES:
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(4):
            pixels = draws.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(folder / "pictures" / name / f"{NASTY}{number}.png")
    found = {"SPEC": folder / f"{NASTY}.tnet", "OTHER": folder / "other.tnet", "RUN": folder / f"run {NASTY}",
             "SECOND": folder / f"second {NASTY}", "PICTURE": folder / "pictures" / CLASSES[1]}  # fmt: skip
    found["SPEC"].write_text(SPEC)
    found["OTHER"].write_text(SPEC.replace("width = 4", "width = 5"))
    for name in ("RUN", "SECOND"):
        assert main(["train", str(found["SPEC"]), "--out", str(found[name])]) == 0
    return {name: str(path) for name, path in found.items()}


@pytest.mark.parametrize("page", COMMANDS)
def test_names_are_shown_and_never_run(places, opened, tmp_path, page):
    words = [places.get(word, word) for word in COMMANDS[page]]
    assert main([*words, str(tmp_path / page)]) == 0
    for scheme in ("light", "dark"):
        shown, told = opened(tmp_path / page, 1250, scheme)
        assert told == [] and shown.evaluate("typeof hacked") == "undefined"
        text = shown.evaluate("document.documentElement.textContent")
        assert "<img src=x onerror=hacked=1>" in text or page.startswith("diff")
        assert "\u202e" not in text
        assert shown.evaluate("document.querySelectorAll('img:not([src^=\"data:\"])').length") == 0
        if page.endswith(".html") and page != "diff.html":
            assert shown.evaluate(CONTRASTS) >= 4.5 and shown.evaluate(OVERLAPS) == []
            assert shown.evaluate("document.documentElement.scrollWidth") <= 1250
