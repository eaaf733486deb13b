"""Several losses, each with its own backward pass: of a list in `train`, or of rules, as of two players.

All losses are of one forward pass: gradients are those of one point, then all parameters move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ...parameters import RuleTable, groups
from ..optimizers import tensors_of


@dataclass(frozen=True)
class Player:
    """Tensors with the numbers of the losses that train them; None for all tensors."""

    losses: Sequence[int]
    tensors: Sequence[nn.Parameter] | None = None


def losses_of(table: RuleTable) -> list[Any]:
    """The choices of losses by rule, each once."""
    found = {id(group.loss): group.loss for group in groups(table) if group.loss is not None and group.is_trained}
    return list(found.values())


def names_of(table: RuleTable) -> list[str]:
    """The selectors of the rules that set these losses."""
    rules = {id(entry.value): str(entry.rule) for entry in table.having("loss").values()}
    return [rules[id(loss)] for loss in losses_of(table)]


def players_of(table: RuleTable, model: nn.Module, own: int = 1) -> list[Player]:
    """Who is trained by what, where the recipe has so many losses of its `own`, whose numbers come first; none where
    all are trained by its only one."""
    main = tuple(range(own))
    numbers = {id(loss): (number,) for number, loss in enumerate(losses_of(table), own)}
    if not numbers:
        return [Player(main)] if own > 1 else []
    members: dict[tuple[int, ...], list[nn.Parameter]] = {}
    for group in groups(table):
        if group.is_trained:
            number = main if group.loss is None else numbers[id(group.loss)]
            members.setdefault(number, []).extend(tensors_of(model, group.parameters))
    return [Player(*each) for each in sorted(members.items(), key=lambda each: each[0])]


def backward(losses: Sequence[Tensor], players: Sequence[Player]) -> None:
    """The gradients of each player's own losses, one after another."""
    passes = [(losses[number], _wanted(player)) for player in players for number in player.losses]
    passes = [(loss, inputs) for loss, inputs in passes if inputs is None or inputs]
    for number, (loss, inputs) in enumerate(passes, 1):
        loss.backward(inputs=inputs, retain_graph=number < len(passes))


def _wanted(player: Player) -> list[nn.Parameter] | None:
    return None if player.tensors is None else [tensor for tensor in player.tensors if tensor.requires_grad]
