"""Metrics are of the whole part of the data, however it falls into batches."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import tnet

SPEC = """
net Small(x: float[N, 4]) -> y: float[N, {width}] {{ Linear({width}) }}

train {{
  epochs    = 1
  batch     = 4
  loss      = {loss}
  optimizer = SGD(lr=0.1)
  metrics   = [{metric}]
}}
"""
LOW = torch.tensor([[0.1], [0.9], [0.4], [0.2]])
"""Logits that could be taken for probabilities."""
HIGH = torch.tensor([[-3.0], [2.0], [0.3], [-0.1]])


def value(loss: str, metric: str, width: int, batches: list[tuple[Tensor, Tensor]]) -> float:
    spec = tnet.loads(SPEC.format(loss=loss, metric=metric, width=width))
    (choice,) = spec.checked(training=True).recipe.metrics
    built = choice.build()
    for output, target in batches:
        built.update(choice.seen(output), target.long())
    return built.compute().item()


@pytest.mark.parametrize("loss, metric", [
    ("BCEWithLogitsLoss()", "accuracy"),
    ("BCEWithLogitsLoss()", 'accuracy(task="binary")'),
    ("MultiLabelSoftMarginLoss()", "accuracy"),
])  # fmt: skip
def test_l9_logits_between_0_and_1_are_no_probabilities(loss, metric):
    right = [(each, each > 0) for each in (LOW, HIGH)]
    assert value(loss, metric, 1, right) == 1


def test_probabilities_stay_what_they_are():
    assert value("BCELoss()", "accuracy", 1, [(LOW, LOW > 0.5)]) == 1


def test_curves_of_classes_do_not_depend_on_batches():
    outputs = torch.cat([LOW, HIGH]).repeat(1, 3) * torch.tensor([1.0, 0.5, 0.2])
    target = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    whole = value("CrossEntropyLoss()", "auroc", 3, [(outputs, target)])
    assert value("CrossEntropyLoss()", "auroc", 3, list(zip(outputs.split(4), target.split(4), strict=True))) == whole
