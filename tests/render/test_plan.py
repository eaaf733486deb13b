"""The plan is what training does."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

import tnet
from tnet.cli.main import main
from tnet.render import canvas
from tnet.render.canvas import Text, width_of
from tnet.render.chart import chart
from tnet.render.plan_figure import plan_figure
from tnet.render.plot import ticks

ROOT = Path(__file__).parent.parent.parent
DIGITS = str(ROOT / "specs/digits.tnet")

NO_DATA = """
net A(x: float[N, 3]) -> float[N, 2] { head: Linear(2) }
data { train = ImageFolder("nowhere") }
train {
  epochs = 4
  batch = 8
  loss = CrossEntropyLoss()
  optimizer = SGD(lr=0.1)
  schedule = StepLR(2 epochs)
}
"""

SEVERAL = """
net A(x: float[N, 8]) -> float[N, 4] { first: Linear(16); relu; head: Linear(4) }
parameters {
  :matrix { optimizer = Muon(lr=0.02) }
  head    { schedule = ReduceLROnPlateau }
}
train { steps = 20; batch = 12; loss = CrossEntropyLoss(); optimizer = AdamW(lr=0.01); schedule = CosineAnnealingLR }
"""


@pytest.fixture(scope="module")
def digits():
    return tnet.load(DIGITS).plan()


@pytest.fixture(scope="module")
def frozen(digits):
    """A plan with groups that are frozen at first, never trained, and named at length."""
    first, second, third, last = digits.groups
    name = "Bottleneck.bn3.weight, layer4.* :norm, a.path.that.has.no.end.and.no.blank.to.be.broken.at :bias + another"
    groups = (replace(first, thaw=69), replace(second, thaw=None), replace(third, thaw=300), replace(last, name=name))
    return replace(digits, groups=groups)


@pytest.mark.parametrize("settings", [{}, {"train.swa": "SWA(start=0.6, lr=0.001)"}], ids=["schedule", "swa"])
def test_the_plan_is_what_the_optimizer_and_the_scheduler_do(settings):
    spec = tnet.load(DIGITS, overrides=settings)
    plan = spec.plan()
    optimizer = spec.optimizer(spec.model())
    scheduler = spec.scheduler(optimizer, plan.steps_per_epoch)
    assert plan.samples == {"train": 1437, "val": 180, "test": 180}
    assert (plan.steps_per_epoch, plan.epochs, plan.steps) == (23, 15, 345)
    assert [group.elements for group in plan.groups] == [
        sum(each.numel() for each in group["params"]) for group in optimizer.param_groups
    ]
    rates = []
    for _ in range(plan.steps):
        rates.append(scheduler.get_last_lr())
        optimizer.step()
        scheduler.step()
    assert rates == [list(step) for step in zip(*(group.rates for group in plan.groups), strict=True)]
    for group, built in zip(plan.groups, optimizer.param_groups, strict=True):
        assert group.options["weight_decay"] == built["weight_decay"]
    assert bool(plan.cost.average) == bool(settings)


def test_the_table_names_rules_and_lines(digits):
    text = digits.table()
    assert "length: 15 epochs of 23 steps each, 345 steps, batch 64" in text
    assert ":bias, :norm + head  28, 29           1        10    0.0002  0.002" in text
    assert "memory of a step: 4.46 MiB = 114 KiB parameters + 114 KiB gradients + 228 KiB optimizer state" in text
    assert "operations: 462 MFLOP a step, 159 GFLOP in all" in text
    assert text.splitlines()[-1].strip() == "0" + "345 steps".rjust(59)


def test_o8_the_curve_of_each_group(frozen):
    """O8: the rates over the run, in the terminal, from the thaw on."""
    text = frozen.table(100)
    assert re.search(r"lr of head, top [\d.e-]+, frozen until step 300 \(epoch 13.04\)", text)
    assert re.search(r":bias, :norm +28 +4 +192 +0  never", frozen.table())
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("lr of default"))
    assert all(line.startswith("  " + " " * 12) for line in lines[start + 1 : start + 7])
    assert lines[start + 6][14] == "█" and lines[start + 7].endswith("345 steps")


def test_several_optimizers_and_schedules():
    plan = tnet.loads(SEVERAL).plan()
    assert [(group.optimizer, group.schedule) for group in plan.groups] == [
        ("Muon", None), ("AdamW", None), ("Muon", "ReduceLROnPlateau"), ("AdamW", "ReduceLROnPlateau"),
    ]  # fmt: skip
    assert plan.groups[2].rates == [0.02] * 20 and plan.groups[1].rates[0] == 0.01
    text = plan.table()
    assert "optimizer: Muon(weight_decay=0.1, momentum=0.95" in text and "optimizer: AdamW(betas=[0.9, 0.999]" in text
    assert "as if each val.loss were better than the last" in text
    assert "lr of :matrix + head, head 0.02, 0.01 throughout" in text


@pytest.mark.parametrize("width", [50, 80, 120])
def test_nothing_is_cut(digits, frozen, width):
    for plan in (digits, frozen):
        text = plan.table(width)
        assert max(map(len, text.splitlines())) <= width and "…" not in text


def test_without_data_the_rest_is_shown():
    plan = tnet.loads(NO_DATA).plan()
    assert plan.steps_per_epoch is plan.steps is plan.samples is None and "nowhere" in plan.missing
    assert plan.groups[0].milestones == {"start": 0.1, "peak": 0.1, "end": pytest.approx(0.01)}
    assert "data: unknown, no file or folder `nowhere`" in str(plan) and "length: 4 epochs, batch 8" in str(plan)
    assert "4 epochs" in str(plan).splitlines()[-1] and ">4 epochs</text>" in plan.svg()


def test_json_has_milestones():
    data = tnet.loads(NO_DATA).plan().data()
    assert data["groups"][0]["lr"]["start"] == 0.1 and data["groups"][0]["options"]["momentum"] == 0
    assert "rates" not in data["groups"][0]
    assert data["cost"]["total"] == sum(data["cost"][name] for name in ("parameters", "gradients", "activations"))


def test_a_chart_keeps_the_peak_and_the_ends():
    lines = chart([0.0, 0.0, 1.0, *[0.5] * 997], width=20, height=4)
    assert len(lines) == 4 and lines[0] == "█"
    assert lines[-1] == "█" * 20 and lines[2] == "█" * 20
    assert chart([0.0, 0.0], height=2) == ["", ""]


# ---- pictures ------------------------------------------------------------------------------------------------------


def test_the_picture_is_whole_and_no_text_is_clipped(digits, frozen):
    for plan in (digits, frozen):
        figure = plan_figure(plan)
        for text in (each for each in figure.shapes if isinstance(each, Text)):
            width = width_of(text.text)
            left = text.x - {"start": 0, "middle": width / 2, "end": width}[text.anchor]
            assert left >= 0 and left + width <= figure.width, text
            assert canvas.SIZE < text.y < figure.height - 3, text


def test_texts_of_the_picture_are_apart(digits, frozen):
    for plan in (digits, frozen):
        places = []
        for text in (each for each in plan_figure(plan).shapes if isinstance(each, Text)):
            width = width_of(text.text)
            left = text.x - {"start": 0, "middle": width / 2, "end": width}[text.anchor]
            places.append((left, left + width, text.y - canvas.SIZE * 0.7, text.y))
        for number, (left, right, top, bottom) in enumerate(places):
            for other in places[number + 1 :]:
                assert not (left < other[1] and other[0] < right and top < other[3] and other[2] < bottom)


def luminance(colour):
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_on_light_and_dark_paper():
    texts = [("ink", "paper"), ("quiet", "paper"), ("ink", "frozen"), ("paper", "1")]
    lines = [(series, "paper") for series in canvas.SERIES]
    for palette, (one, other) in product((canvas.LIGHT, canvas.DARK), [*texts, *lines]):
        assert contrast(palette[one], palette[other]) >= 4.5, (one, other)


def test_svg_png_and_html(frozen, tmp_path):
    """O8: a picture of the curve."""
    root = ElementTree.fromstring(frozen.svg())
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"learning rate", "weight decay", "trained", "15 epochs", "never trained"} <= set(texts)
    image = Image.open(BytesIO(frozen.png()))
    figure = plan_figure(frozen)
    assert image.size == (round(figure.width) * 2, round(figure.height * 4) // 2)
    assert len(image.getcolors(2**20)) > 20
    page = frozen.html()
    assert not re.findall(r"(?:src|href)=|@import|url\(", page)
    assert page.count("<svg") == 1 and "from step 69 (epoch 3)" in page and "&lt;" not in page


def test_a_curve_keeps_its_jumps(digits):
    long = replace(digits.groups[0], rates=[0.0, 1.0, *[0.5] * 100_000, 3.0, *[0.1] * 100_000])
    lines = [each for each in plan_figure(replace(digits, groups=(long,))).shapes if getattr(each, "width", 0) == 2]
    assert len(lines[0].points) < 3000
    heights = [y for _, y in lines[0].points]
    assert min(heights) == pytest.approx(max(heights) - 190), "the one step at 3 is there, and zero"


TICKS = [
    (15, [0, 5, 10, 15]),
    (0.004, [0, 0.001, 0.002, 0.003, 0.004]),
    (345, [0, 100, 200, 300, 400]),
    (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
]


@pytest.mark.parametrize(("end", "found"), TICKS)
def test_ticks_are_round(end, found):
    assert list(ticks(0, end)) == pytest.approx(found)


def test_the_command_writes_by_the_ending(tmp_path, capsys):
    for ending in ("svg", "png", "html", "json", "txt"):
        path = tmp_path / f"plan.{ending}"
        assert main(["plan", DIGITS, "-o", str(path)]) == 0 and path.stat().st_size > 500
    assert json.loads((tmp_path / "plan.json").read_text())["steps"] == 345
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["-o", "plan.pdf"], 2, "`-o` knows the endings .svg, .png, .html, .json, .txt, not `.pdf`"),
        (["-o", "plan"], 2, "not `plan`"),
        (["-o", "plan.svg", "--json"], 2, "`--json` and `-o`"),
        (["-o", "/dev/null/plan.svg"], 4, "cannot write"),
        (["train.epochs=0"], 1, "`epochs` is a whole number from 1 on"),
        (["--recipe", "other"], 1, "no recipe is called `other`"),
    ],
)
def test_misuse(words, code, message, capsys):
    assert main(["plan", DIGITS, *words]) == code
    assert message in capsys.readouterr().err
