"""The accuracy on what is trained on, counted inside the step's own graph: torchmetrics' update would cost a quarter of
a small net's speed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .losses import OF_PROBABILITIES
from .metrics import SIZES, MetricChoice
from .recipe import Recipe

NAME = "train.accuracy"
PLAIN = {"top_k": (1,), "average": ("micro",), "threshold": (0.5,)}
"""Arguments of torchmetrics' accuracy that leave it the share of samples that are right."""
PLAIN_LABELS = PLAIN | {"average": ("micro", "macro")}
"""The same for labels, each of which all samples have: of their shares the mean is the share of all."""


class TrainAccuracy:
    """Counts on the device and is read at each evaluation: the share since the one before."""

    def __init__(self, device: torch.device, binary: bool, threshold: float = 0.0):
        self.binary, self.threshold = binary, threshold
        self.counts = torch.zeros(2, dtype=torch.int64, device=device)

    @torch.no_grad()
    def add(self, output: Tensor, target: Tensor) -> None:
        """Of a batch: `output` is [N, classes, …], or [N, …] with two classes or labels that are 0 or 1; a negative
        target does not count."""
        guessed = output > self.threshold if self.binary else output.argmax(1)
        counted = target >= 0
        self.counts += torch.stack([((guessed == target) & counted).sum(), counted.sum()])

    def read(self) -> dict[str, float]:
        right, seen = self.counts.tolist()
        self.counts.zero_()
        return {NAME: right / seen} if seen else {}

    def state_dict(self) -> dict[str, Any]:
        return {"counts": self.counts}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.counts.copy_(state["counts"])


def train_accuracy(recipe: Recipe, device: torch.device) -> TrainAccuracy | None:
    """What counts the accuracy of a recipe; None where its metrics do not ask for it, or targets are mixed."""
    asked = next((choice for choice in recipe.metrics if _is_plain(choice)), None)
    if asked is None or recipe.mixup or recipe.cutmix:
        return None
    threshold = 0.5 if recipe.loss.name in OF_PROBABILITIES else 0.0
    counts = TrainAccuracy(device, asked.arguments["task"] != "multiclass", threshold)
    if device.type == "cuda" and recipe.compile.enabled:
        torch._dynamo.mark_static_address(counts.counts)  # CUDA graphs may then write into it
    return counts


def _is_plain(choice: MetricChoice) -> bool:
    given = {name: each for name, each in choice.arguments.items() if name not in ("task", *SIZES)}
    plain = PLAIN_LABELS if choice.arguments.get("task") == "multilabel" else PLAIN
    return choice.cls.name == "Accuracy" and all(each in plain.get(name, ()) for name, each in given.items())
