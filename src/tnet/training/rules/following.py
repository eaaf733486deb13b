"""`follow = Ema("online", 0.99)`: a module without gradients that moves towards another one after each step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...parameters import RuleTable
from ..hooks import Hook
from ..optimizers import tensors_of
from ..state import State


class Following(Hook):
    """p ← decay · p + (1 - decay) · q, as the target network of DQN and the momentum encoder of MoCo and BYOL.

    `groups` has (decay, the tensors that follow, those followed). Buffers are each module's own.
    """

    def __init__(self, groups: Sequence[tuple[float, Sequence[Tensor], Sequence[Tensor]]]):
        self.groups = groups

    @torch.no_grad()
    def after_update(self, state: State) -> None:
        for decay, targets, sources in self.groups:
            torch._foreach_lerp_(targets, sources, 1 - decay)


def pairs(table: RuleTable, model: nn.Module) -> list[tuple[float, list[Tensor], list[Tensor]]]:
    """What follows what, by decay."""
    members: dict[float, list[tuple[str, str]]] = {}
    for name, entry in table.having("follow").items():
        members.setdefault(entry.value.decay, []).append((name, entry.value.source))
    return [
        (decay, tensors_of(model, [name for name, _ in each]), tensors_of(model, [source for _, source in each]))
        for decay, each in members.items()
    ]
