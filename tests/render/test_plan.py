"""The plan is what training does."""

from __future__ import annotations

from pathlib import Path

import pytest

import tnet
from tnet.render.chart import chart

ROOT = Path(__file__).parent.parent.parent

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


def test_the_plan_is_what_the_optimizer_and_the_scheduler_do():
    spec = tnet.load(ROOT / "specs/digits.tnet")
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


def test_the_table_names_rules_and_lines():
    text = tnet.load(ROOT / "specs/digits.tnet").plan().table()
    assert "length: 15 epochs of 23 steps each, 345 steps, batch 64" in text
    assert ":bias, :norm + head  28, 29           1        10    0.0002  0.002" in text
    assert text.splitlines()[-1].startswith("  █") or "█" in text.splitlines()[-1]


@pytest.mark.parametrize("width", [60, 80])
def test_nothing_is_cut(width):
    text = tnet.load(ROOT / "specs/digits.tnet").plan().table(width)
    assert max(map(len, text.splitlines())) <= width and "…" not in text


def test_without_data_the_rest_is_shown():
    plan = tnet.loads(NO_DATA).plan()
    assert plan.steps_per_epoch is plan.steps is plan.samples is None and "nowhere" in plan.missing
    assert plan.groups[0].milestones == {"start": 0.1, "peak": 0.1, "end": pytest.approx(0.01)}
    assert "data: unknown, no file or folder `nowhere`" in str(plan) and "length: 4 epochs, batch 8" in str(plan)


def test_json_has_milestones():
    data = tnet.loads(NO_DATA).plan().data()
    assert data["groups"][0]["lr"]["start"] == 0.1 and data["groups"][0]["options"]["momentum"] == 0
    assert "rates" not in data["groups"][0]


def test_a_chart_keeps_the_peak_and_the_ends():
    lines = chart([0.0, 0.0, 1.0, *[0.5] * 997], width=20, height=4)
    assert len(lines) == 4 and lines[0] == "█"
    assert lines[-1] == "█" * 20 and lines[2] == "█" * 20
    assert chart([0.0, 0.0], height=2) == ["", ""]
