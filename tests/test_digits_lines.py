"""No line of specs/digits.tnet is inert: each, altered, changes the source, the start, the groups, the data, the loss,
the metrics or the course of training."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import pytest
import torch

import tnet
from tnet.parameters import groups

SPEC = Path(__file__).parent.parent / "specs" / "digits.tnet"
LINES = SPEC.read_text(encoding="utf-8").splitlines()

ALTERED = {
    "hyper classes = 10": ("hyper classes = 12", "source"),
    "hyper lr = 4e-3": ("hyper lr = 3e-3", "groups"),
    "hyper width = 32 in [16, 32, 64]": ("hyper width = 16 in [16, 32, 64]", "source"),
    "net DigitsNet(image: float[N, 1, 8, 8]) -> logits: float[N, classes] {": (
        "net DigitsNet(image: float[N, 1, 8, 8]) -> scores: float[N, classes] {", "outputs",
    ),
    "  features: {": ("  body: {", "source"),
    "    Conv2d(width, 3, padding=1, bias=false)": ("    Conv2d(width, 5, padding=2, bias=false)", "source"),
    "    BatchNorm2d": ("    BatchNorm2d(eps=1e-3)", "source"),
    "    ReLU": ("    GELU", "source"),
    "    Conv2d(2 * width, 3, padding=1, bias=false)": ("    Conv2d(2 * width, 1, bias=false)", "source"),
    "    MaxPool2d(2)": ("    AvgPool2d(2)", "source"),
    "  shape [N, 2 * width, 4, 4]": ("  shape [N, 3 * width, 4, 4]", "diagnostics"),
    "  flatten(1)": ("  flatten(1) -> relu", "source"),
    "  Dropout(0.2)": ("  Dropout(0.3)", "source"),
    "  head: Linear(classes)": ("  head: Linear(classes, bias=false)", "source"),
    '  Conv2d.weight { init = kaiming_normal(mode="fan_out", nonlinearity="relu") }': (
        '  Conv2d.weight { init = kaiming_normal(mode="fan_in", nonlinearity="relu") }', "start",
    ),
    "  Linear.weight { init = xavier_normal }": ("  Linear.weight { init = xavier_uniform }", "start"),
    "  :bias         { init = zeros }": ("  :bias         { init = ones }", "start"),
    "  :bias, :norm  { weight_decay = 0 }": ("  :bias, :norm  { weight_decay = 0.1 }", "groups"),
    "  head          { lr = 0.5 * lr }": ("  head          { lr = 0.4 * lr }", "groups"),
    "  train = Digits()": ("  train = Iris()", "diagnostics"),
    "  split = [0.8, 0.1, 0.1]": ("  split = [0.7, 0.2, 0.1]", "data"),
    "  augment: { RandomAffine(degrees=8, translate=[0.08, 0.08]) }": ("  augment: { RandomAffine(degrees=2) }", "data"),  # noqa: E501
    '  transform: { Normalize(mean="auto", std="auto") }': ("  transform: { Normalize(mean=[0.5], std=[0.5]) }", "data"),  # noqa: E501
    "  epochs    = 15": ("  epochs    = 14", "course"),
    "  batch     = 64": ("  batch     = 32", "course"),
    "  loss      = CrossEntropyLoss(label_smoothing=0.05)": ("  loss      = CrossEntropyLoss()", "loss"),
    "  optimizer = AdamW(lr=lr, weight_decay=0.02)": ("  optimizer = AdamW(lr=lr, weight_decay=0.03)", "groups"),
    "  schedule  = LinearLR(start_factor=0.1) for 1 epoch -> CosineAnnealingLR": (
        "  schedule  = LinearLR(start_factor=0.1) for 2 epochs -> CosineAnnealingLR", "course",
    ),
    "  metrics   = [accuracy]": ("  metrics   = [accuracy, f1_score]", "metrics"),
    "  seed      = 42": ("  seed      = 43", "start"),
}  # fmt: skip


def digest(*tensors: torch.Tensor) -> str:
    return hashlib.sha256(b"".join(each.contiguous().numpy().tobytes() for each in tensors)).hexdigest()


def fingerprint(text: str) -> dict[str, object]:
    """All that a run of the spec would see, or what is wrong with it."""
    try:
        return seen_by_a_run(tnet.loads(text))
    except tnet.SpecError as problem:
        return {"diagnostics": [(each.code, each.span.line) for each in problem.diagnostics]}


def seen_by_a_run(spec: tnet.Spec) -> dict[str, object]:
    data = spec.data()
    batches = [next(iter(part)) for part in (data.train, data.val, data.test)]
    logits = torch.arange(64.0 * 12).reshape(64, 12).sin()
    return {
        "diagnostics": [],
        "source": spec.source(),
        "outputs": spec.net.outputs,
        "start": digest(*spec.model().state_dict().values()),
        "groups": [(each.name, each.parameters, each.options) for each in groups(spec.table)],
        "data": digest(*(tensor for batch in batches for tensor in batch.values())),
        "loss": spec.loss()(logits, {"target": torch.arange(64) % 10}).item(),
        "metrics": [each.name for each in spec.recipe.metrics],
        "course": str(spec.plan()),
    }


@cache
def unaltered() -> dict[str, object]:
    return fingerprint("\n".join(LINES))


def test_every_line_is_altered():
    told = {
        line for line in LINES if line.strip() not in ("", "}", "data {", "train {", "parameters {") and "#" not in line
    }
    assert told == set(ALTERED)


@pytest.mark.parametrize(
    "number", [n for n, line in enumerate(LINES) if line in ALTERED], ids=lambda n: LINES[n].strip()
)
def test_line_counts(number):
    changed, kind = ALTERED[LINES[number]]
    altered = fingerprint("\n".join([*LINES[:number], changed, *LINES[number + 1 :]]))
    assert altered[kind] != unaltered()[kind]
