"""Any two tricks together train, or are refused with a diagnostic; never a traceback."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch
from small_specs import spec
from trained_by_hand import PLAIN

from tnet.diagnostics import SpecError

LOSS, OPTIMIZER = "CrossEntropyLoss(label_smoothing=0.05)", "SGD(lr=0.1, momentum=0.9)"
CENTER = """block Center(weight)(output, target) {
  parameter centers: float[10, 10] = zeros
  return cross_entropy(output, target) + weight * ((output - centers[target]) ** 2).mean()
}

net Tiny"""


def rule(text: str) -> tuple[str, str]:
    return "data {", f"parameters {{ {text} }}\ndata {{"


TRICKS: dict[str, str | tuple[str, str] | list[tuple[str, str]]] = {
    "accumulate": "accumulate = 2",
    "clip_norm": "clip_norm = 1.0",
    "clip_value": "clip_value = 0.1",
    "mixup": "mixup = 0.2",
    "cutmix": "cutmix = 1.0",
    "ema": "ema = 0.9",
    "swa": "swa = SWA(start=0.3, lr=0.05, every=1 step)",
    "early_stop": "early_stop = Patience(2); evaluate = 1 step",
    "bf16": 'precision = "bf16"',
    "fp16": 'precision = "fp16"',
    "dtype": 'dtype = "float64"',
    "channels_last": "channels_last = true",
    "sync_batchnorm": "sync_batchnorm = true",
    "anomaly": "anomaly = true",
    "snoop": "snoop = true",
    "profile": "profile = Profile(steps=1, skip=1)",
    "skip": 'on_nan = "skip"',
    "rollback": 'on_nan = "rollback"',
    "deterministic": "deterministic = true",
    "benchmark": "benchmark = true",
    "plateau": 'schedule = ReduceLROnPlateau(monitor="val.loss", patience=1)',
    "tensorboard": "log = [tensorboard]",
    "closures": (OPTIMIZER, "LBFGS(lr=0.1, max_iter=2)"),
    "two optimizers": rule("head { optimizer = AdamW(lr=0.01) }"),
    "list": (LOSS, "[cross_entropy(logits, target), cross_entropy(logits, target, label_smoothing=0.2)]"),
    "center": [(LOSS, "Center(0.1)"), ("net Tiny", CENTER), ("  metrics   = [accuracy]\n", "")],
    "sum": (LOSS, 'CrossEntropyLoss(reduction="sum")'),
    "freeze": rule("conv { freeze = 2 steps }"),
    "penalties": rule("head { l1 = 1e-4; l2 = 1e-4 }"),
    "histogram": rule("head { histogram = true }"),
    "recompute": rule("head { recompute = true }"),
    "player": rule("head { loss = cross_entropy(logits, target, label_smoothing=0.3) }"),
    "parametrize": rule("conv { parametrize = weight_norm }"),
    "max_norm": rule("head.weight { max_norm = 1.0 }"),
}  # fmt: skip
REFUSED = {
    frozenset(pair)
    for pair in [
        ("mixup", "cutmix"), ("bf16", "fp16"), ("skip", "rollback"), ("ema", "swa"), ("swa", "early_stop"),
        ("deterministic", "benchmark"), ("dtype", "bf16"), ("closures", "skip"), ("closures", "freeze"),
        ("closures", "player"),
    ]
}  # fmt: skip
ONCE = {frozenset(pair) for pair in [("mixup", "cutmix"), ("bf16", "fp16"), ("skip", "rollback")]}
"""Pairs of one setting, or that may stand together by choice, which are no pairs here."""


def with_tricks(*names: str) -> str:
    text = PLAIN.replace("steps     = 20", "steps     = 3")
    for name in names:
        trick = TRICKS[name]
        if isinstance(trick, str):
            text = text.replace("  compile ", f"  {trick}\n  compile ")
        for before, after in [trick] if isinstance(trick, tuple) else trick if isinstance(trick, list) else ():
            text = text.replace(before, after, 1)
    return text


def outcome(path, *names: str) -> list[str]:
    """The codes of what is wrong; none where it trains to finite weights."""
    try:
        run = spec(with_tricks(*names)).train(out=path)
    except SpecError as problem:
        return [each.code for each in problem.diagnostics if each.is_error]
    assert all(torch.isfinite(each).all() for each in run.model.parameters())
    return []


def check(path, *names: str) -> None:
    found = outcome(path, *names)
    refused = "fp16" in names or frozenset(names) in REFUSED
    assert bool(found) == refused, (names, found)
    assert all(code in ("TN0803", "TN0001", "TN0202") for code in found), (names, found)


PAIRS = [pair for pair in combinations(TRICKS, 2) if frozenset(pair) not in ONCE]


@pytest.mark.parametrize("name", TRICKS)
def test_each_trick_alone(tmp_path, name):
    check(tmp_path / "run", name)


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS, ids=" + ".join)
def test_two_tricks_together(tmp_path, pair):
    check(tmp_path / "run", *pair)
