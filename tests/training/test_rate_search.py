"""The trial of growing learning rates (`tnet plan --find-lr`)."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from small_specs import DIGITS, IRIS, spec

from tnet.cli.main import main
from tnet.diagnostics import SpecError
from tnet.training.rate_search import EDGE, LOWEST, STEPS, trial


def by_hand(steps: int) -> tuple[list[float], list[float]]:
    """Smith's range test of IRIS as one would write it."""
    source = spec()
    model, loader = source.model(), source.data().train
    optimizer = torch.optim.SGD(model.parameters(), lr=LOWEST, momentum=0.9)
    rates, losses, batches = [], [], (batch for epoch in range(99) for batch in loader.epoch(epoch))
    for number, batch in zip(range(steps), batches, strict=False):
        rates.append(LOWEST * (10.0 / LOWEST) ** (number / (STEPS - 1)))
        optimizer.param_groups[0]["lr"] = 0.1 * (rates[-1] / 0.1)  # the recipe's own, times what it has grown by
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(batch["features"]), batch["target"])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return rates, losses


def test_the_losses_are_those_of_the_range_test_by_hand():
    found = spec(IRIS, {"train.schedule": "LinearLR(start_factor=0.01)"}).find_lr()
    rates, losses = by_hand(len(found.losses))
    assert (list(found.rates), list(found.losses)) == (rates, losses), "schedules play no part"
    assert len(losses) > 50 and 1e-3 < found.suggested < found.least <= 10


def test_groups_grow_in_proportion_and_nothing_is_touched(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []
    own = torch.optim.SGD.step
    monkeypatch.setattr(
        torch.optim.SGD, "step", lambda self, *a: seen.append([g["lr"] for g in self.param_groups]) or own(self, *a)
    )
    text = IRIS.replace("data {", "parameters { head { lr = 0.01 } }\ndata {")
    source = spec(text)
    model, state = source.model(), torch.get_rng_state()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    source.find_lr(steps=30)
    pairs = [rates for rates in seen if len(rates) == 2]  # checking tries an optimizer of one group
    assert all(low == pytest.approx(high / 10) for high, low in pairs) and 10 < len(pairs) <= 30
    assert all(torch.equal(weights[name], value) for name, value in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state()) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", [
    "optimizer = AdamW(lr=1e-2)", "optimizer = LBFGS(lr=0.1)", "optimizer = Adafactor(lr=1e-2)", "optimizer = Rprop()",
    "optimizer = Adam(); accumulate = 2; clip_norm = 1; ema = 0.9; mixup = 0.2",
    'optimizer = SGD(lr=0.1); on_nan = "rollback"; swa = SWA(lr=0.1)', "optimizer = SGD(lr=0.1); on_nan = \"skip\"",
    "optimizer = OneCycleSGD",
])  # fmt: skip
def test_with_every_kind_of_recipe(line):
    if "OneCycle" in line:
        line = "optimizer = SGD(lr=0.1, momentum=0.9); schedule = OneCycleLR(max_lr=1)"
    text = DIGITS.replace("optimizer = AdamW(lr=1e-2, weight_decay=0.02)\n", line + "\n")
    text = text.replace("  schedule  = LinearLR(start_factor=0.1) for 10 steps -> CosineAnnealingLR\n", "")
    text = text.replace("split = [0.8, 0.1, 0.1]", "split = [60, 20, 20]").replace("batch     = 64", "batch = 10")
    text = text.replace(":bias, :norm { weight_decay = 0 }", "")
    alike = "" if "LBFGS" in line else "conv { freeze = 2 steps }"
    found = spec(text.replace("head         { lr = 0.5 * lr }", alike)).find_lr(steps=24)
    assert len(found.losses) > 2 * EDGE and all(map(math.isfinite, found.losses))


def curve(loss):
    rates = [LOWEST * 10 ** (8 * number / 99) for number in range(100)]
    return trial("x", 0.1, rates, [loss(math.log10(rate)) for rate in rates], False)


def test_what_is_suggested():
    """The steepest fall before the least loss, and nothing where it only rises."""
    valley = curve(lambda rate: math.tanh(-(rate + 3)) + max(0.0, rate + 1) ** 2)
    assert math.log10(valley.suggested) == pytest.approx(-3, abs=0.15)
    assert math.log10(valley.least) == pytest.approx(-1, abs=0.5)
    assert curve(lambda rate: math.exp(rate)).suggested is None


@pytest.mark.parametrize("ending", ["svg", "png", "html", "json", "txt"])
def test_the_picture_and_the_numbers(tmp_path, monkeypatch, capsys, ending):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "i.tnet").write_text(IRIS)
    assert main(["plan", "i.tnet", "--find-lr", "-o", f"finder.{ending}"]) == 0
    content = (tmp_path / f"finder.{ending}").read_bytes()
    words = {"svg": b"suggested", "png": b"\x89PNG", "html": b"<h1>Learning rates of i</h1>", "json": b'"rates"'}
    assert words.get(ending, b"suggested: lr = ") in content
    assert main(["plan", "i.tnet", "--find-lr", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["own"] == 0.1
    assert main(["plan", "i.tnet", "--find-lr"]) == 0
    assert "suggested: lr = 0.0" in capsys.readouterr().out


@pytest.mark.parametrize("change, code, words", [
    (("train = Iris()", 'train = Table("no.csv", target="y")'), "TN0702", "no file"),
    (("lr=0.1", "lr=0.0"), "TN0802", "a rate of 0"),
    (("data {", "data old {"), None, None),
])  # fmt: skip
def test_without_data_and_without_a_rate(change, code, words):
    if code is None:
        start, end = IRIS.index("data {"), IRIS.index("train {")
        text, code, words = IRIS[:start] + IRIS[end:], "TN0704", "no data"
    else:
        text = IRIS.replace(*change)
    with pytest.raises(SpecError) as caught:
        spec(text).find_lr()
    (found,) = caught.value.diagnostics
    assert found.code == code and words in found.message


def test_data_from_python():
    draws = np.random.default_rng(0)
    found = spec().find_lr(data=(draws.normal(size=(40, 4)).astype("float32"), np.arange(40) % 3), steps=20)
    assert len(found.rates) == len(found.losses) == len(found.smoothed) <= 20
