"""`loss = …` in a rule: the gradient of these parameters comes from that loss, as of two players.

All losses are of one forward pass: gradients are those of one point, then all parameters move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ...parameters import RuleTable, groups
from ..optimizers import tensors_of

MAIN = 0
"""The number of the recipe's own loss."""


@dataclass(frozen=True)
class Player:
    """Tensors with the number of the loss that trains them."""

    loss: int
    tensors: Sequence[nn.Parameter]


def losses_of(table: RuleTable) -> list[Any]:
    """The choices of losses by rule, each once."""
    found = {id(group.loss): group.loss for group in groups(table) if group.loss is not None and group.is_trained}
    return list(found.values())


def players_of(table: RuleTable, model: nn.Module) -> list[Player]:
    """Who is trained by what; none where all are trained by the recipe's loss."""
    numbers = {id(loss): number for number, loss in enumerate(losses_of(table), 1)}
    members: dict[int, list[nn.Parameter]] = {}
    for group in groups(table):
        if group.is_trained:
            number = MAIN if group.loss is None else numbers[id(group.loss)]
            members.setdefault(number, []).extend(tensors_of(model, group.parameters))
    return [Player(number, tensors) for number, tensors in sorted(members.items())] if numbers else []


def backward(losses: Sequence[Tensor], players: Sequence[Player]) -> None:
    """The gradient of each player's own loss."""
    for player in players:
        inputs = [tensor for tensor in player.tensors if tensor.requires_grad]
        if inputs:
            losses[player.loss].backward(inputs=inputs, retain_graph=player is not players[-1])
