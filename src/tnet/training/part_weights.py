"""`accumulate` beside class weights or classes that are left out: such a loss is divided by the weights of its targets,
and those of a part of a batch are not its share of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .checks import IGNORED
from .hooks import Batch, Hook
from .losses import LossChoice
from .state import State

NORMALISED = frozenset({"CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss"})
"""Losses whose mean is over the weights of the targets, and over those that count:
https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"""


class PartLoss(nn.Module):
    """A mean over weights, corrected in a part of a batch by how heavy the part's targets are beside the whole's, so
    that parts which count by their samples add up to the batch. `key` names the scalar of the whole batch."""

    def __init__(self, loss: nn.Module, choice: LossChoice, key: str, device: torch.device):
        super().__init__()
        weight = choice.arguments.get("weight")
        self.loss, self.key, self.ignored = loss, key, choice.arguments.get("ignore_index", IGNORED)
        self.weight = None if weight is None else weight.to(device)

    def forward(self, outputs: Any, batch: Batch) -> Tensor:
        value = self.loss(outputs, batch)
        if self.key not in batch:
            return value
        own = self.heaviness(batch["target"])
        return torch.where(own > 0, value * (own / batch[self.key]), 0.0)  # a part without targets that count is nan

    def heaviness(self, target: Tensor) -> Tensor:
        """The mean weight of class numbers, int of any shape; one that is left out has none."""
        counted = target != self.ignored
        if self.weight is None:
            return counted.float().mean()
        return (self.weight[target.where(counted, 0)] * counted).mean()


class PartWeights(Hook):
    """Adds to each batch how heavy its targets are, for each of `losses` that is a mean over weights."""

    def __init__(self, losses: Sequence[nn.Module]):
        self.losses = [each for loss in losses for each in loss.modules() if isinstance(each, PartLoss)]

    def on_batch(self, state: State, batch: Batch) -> Batch:
        if not self.losses or batch["target"].is_floating_point():  # shares of classes, which all count alike
            return batch
        return {**batch, **{each.key: each.heaviness(batch["target"]) for each in self.losses}}


def weighed(losses: Sequence[nn.Module], choices: Sequence[Any], device: torch.device) -> list[nn.Module]:
    """The losses, those wrapped that are a mean over weights."""
    return [
        PartLoss(loss, choice, f"whole.weight.{number}", device) if _is_normalised(choice) else loss
        for number, (loss, choice) in enumerate(zip(losses, choices, strict=True))
    ]


def _is_normalised(choice: Any) -> bool:
    return (
        choice.name in NORMALISED and not choice.is_expression and choice.arguments.get("reduction", "mean") == "mean"
    )
