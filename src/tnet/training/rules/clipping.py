"""`clip_norm = 1.0` in a rule: the joint norm of the gradients of all that the rule's value holds for."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torch.nn.utils import clip_grad_norm_

from ...parameters import RuleTable
from ...parameters.values import NormChoice
from ..hooks import Hook
from ..optimizers import tensors_of
from ..state import State


class ClipByRule(Hook):
    """Each choice clips its own tensors, before what the setting `clip_norm` of `train` does to all.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
    """

    traceable = True

    def __init__(self, choices: Sequence[tuple[NormChoice, Sequence[nn.Parameter]]]):
        self.choices = choices

    def after_backward(self, state: State) -> None:
        for choice, tensors in self.choices:
            clip_grad_norm_(tensors, choice.largest, choice.type)


def clipped(table: RuleTable, model: nn.Module) -> list[tuple[NormChoice, list[nn.Parameter]]]:
    """Each value of `clip_norm` with the tensors that it still holds for."""
    members: dict[int, tuple[NormChoice, list[str]]] = {}
    for name, entry in table.having("clip_norm").items():
        if table.freeze(name) is not True:
            members.setdefault(id(entry.property), (entry.value, []))[1].append(name)
    return [(choice, tensors_of(model, names)) for choice, names in members.values()]
