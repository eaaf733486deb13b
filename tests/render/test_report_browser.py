"""Reports in a real browser: names are shown and never run, nothing is fetched, everything fits and can be read."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import tnet
from tests.browser import CONTRASTS, OVERLAPS
from tnet.cli.main import main
from tnet.render.report.facts import read_facts

CLASSES = [
    "<script>document.title='run'</script>".replace("/", "\u2215"),
    "<img src=x onerror=hacked=1>",
    "plain & 'simple' \"x\"",
]
SPEC = """
# </style></pre><script>hacked = 1</script>
hyper note = "<img src=x onerror=hacked=1>"

net Tiny(image: float[N, 3, 8, 8]) -> float[N, 3] { Conv2d(4, 3); relu; flatten(1); head: Linear(3) }
data { train = ImageFolder("pictures"); split = [0.5, 0.25, 0.25] }
train {
  epochs = 1; batch = 8; compile = false; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1)
  metrics = {"<img src=x onerror=hacked=1>": accuracy}
}
"""


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    """A run whose classes, files, metrics and comments are written to do harm."""
    folder = tmp_path_factory.mktemp("nasty")
    draws = np.random.default_rng(0)
    for number, name in enumerate(CLASSES):
        (folder / "pictures" / name).mkdir(parents=True)
        for sample in range(8):
            pixels = draws.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(
                folder / "pictures" / name / f"<img src=x onerror=hacked=1> {number}{sample}.png"
            )
    (folder / "nasty.tnet").write_text(SPEC)
    tnet.load(folder / "nasty.tnet").train(out=folder / "<b>run")
    return folder / "<b>run"


def test_names_are_shown_and_never_run(nasty, runs, opened, tmp_path):
    compared = tmp_path / "both.html"
    assert main(["report", str(nasty), str(runs("digits")), "-o", str(compared)]) == 0
    for path in (nasty / "report.html", compared):
        page, told = opened(path)
        assert told == []
        assert page.evaluate("typeof hacked") == "undefined"
        assert page.evaluate("document.querySelectorAll('script, img:not([src^=\"data:\"]), b b, h1 b').length") == 1
        text = page.evaluate("document.body.textContent")
        assert CLASSES[1] in text and "</style></pre><script>hacked = 1</script>" in text and "<b>run" in text
        assert page.title().startswith(("nasty: <b>run", "2 runs: <b>run"))
    page, _ = opened(nasty / "report.html")
    assert all(name in page.evaluate("document.body.textContent") for name in CLASSES)


@pytest.mark.parametrize("name", ["digits", "diabetes", "gan"])
def test_everything_fits_and_can_be_read(runs, opened, name):
    for scheme, width in (("light", 1250), ("dark", 1250), ("light", 400)):
        page, told = opened(runs(name) / "report.html", width, scheme)
        assert told == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRASTS) >= 4.5
        assert page.evaluate(OVERLAPS) == []


def test_pictures_are_drawn(runs, opened):
    page, _ = opened(runs("digits") / "report.html")
    sizes = page.evaluate("[...document.images].map(i => [i.complete && i.naturalWidth > 0, i.width, i.alt])")
    assert len(sizes) > 20 and all(drawn and width >= 40 and alt for drawn, width, alt in sizes[:24])
    colours = page.evaluate("[...document.querySelectorAll('svg polyline')].map(l => getComputedStyle(l).stroke)")
    assert "rgb(5, 80, 174)" in colours and "none" not in colours


def pointed(page, place):
    """What is said at a share of the width of the first plot."""
    page.locator("svg").first.scroll_into_view_if_needed()
    box = page.locator(".plot-area").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * place, box["y"] + box["height"] / 2)
    return page.locator(".readings")


def test_values_are_shown_at_the_pointer(runs, opened):
    """Of each curve the value that the log has, at the place nearest to the pointer."""
    evaluation = read_facts(runs("digits")).evaluations[0]
    page, told = opened(runs("digits") / "report.html")
    board = pointed(page, 0.5)
    assert board.locator("> b").inner_text() == "after 1 epochs"
    values = dict(zip(board.locator("span").all_inner_texts(), board.locator("div b").all_inner_texts(), strict=True))
    assert values["validation, EMA of the weights"] == f"{evaluation['val.loss']:.5g}"
    assert values["validation, the weights themselves"] == f"{evaluation['val.raw.loss']:.5g}"
    assert page.evaluate("document.querySelectorAll('svg circle').length") == len(values) == 4
    page.mouse.move(5, 5)
    assert not board.is_visible() and page.evaluate("document.querySelectorAll('svg circle').length") == 0
    assert told == []


@pytest.mark.parametrize("width", [1250, 400])
def test_what_is_said_at_the_pointer_fits_on_the_screen(nasty, opened, width):
    page, _ = opened(nasty / "report.html", width)
    for place in (0.05, 0.95):
        box = pointed(page, place).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
