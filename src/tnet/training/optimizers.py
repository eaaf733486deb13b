"""Optimizers of torch.optim, built over parameter groups: one, or several that act as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.optim import Optimizer

from ..parameters.choice import takes_closure
from ..parameters.groups import ParameterGroup


class Optimizers:
    """Several optimizers that step together, with the methods of one.

    A closure is handed to those that need one; the others step before, on the gradients of its first call.
    """

    def __init__(self, optimizers: Sequence[Optimizer]):
        self.optimizers = list(optimizers)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for each in self.optimizers for group in each.param_groups]

    @property
    def state(self) -> dict[torch.Tensor, Any]:
        return {parameter: state for each in self.optimizers for parameter, state in each.state.items()}

    def zero_grad(self, set_to_none: bool = True) -> None:
        for each in self.optimizers:
            each.zero_grad(set_to_none)

    def step(self, closure: Callable[[], torch.Tensor] | None = None) -> torch.Tensor | None:
        loss = closure() if closure else None
        for each in sorted(self.optimizers, key=needs_closure):
            each.step(closure) if needs_closure(each) else each.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        return {"optimizers": [each.state_dict() for each in self.optimizers]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for each, saved in zip(self.optimizers, state["optimizers"], strict=True):
            each.load_state_dict(saved)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.optimizers))


def needs_closure(optimizer: Optimizer | Optimizers) -> bool:
    """Whether a step calls for the loss."""
    return any(takes_closure(type(each)) for each in getattr(optimizer, "optimizers", [optimizer]))


def build(model: nn.Module, groups: Iterable[ParameterGroup]) -> Optimizer | Optimizers:
    """The optimizer over the groups' parameters of `model`, which it must have by those names.

    Each of its `param_groups` has the group's options, and its name under `"name"`. Groups that are never trained are
    in none; those that are frozen at first wait for gradients.
    """
    members: dict[Any, list[ParameterGroup]] = {}
    for group in groups:
        if group.is_trained:
            members.setdefault(group.optimizer.key, []).append(group)
    built = [_one(model, each) for each in members.values()]
    return built[0] if len(built) == 1 else Optimizers(built)


def _one(model: nn.Module, groups: Sequence[ParameterGroup]) -> Optimizer:
    choice = groups[0].optimizer
    listed = [
        {"params": tensors_of(model, group.parameters), "name": group.name, **_differing(group.options, choice.own)}
        for group in groups
    ]
    return choice.cls(listed, **choice.options)


def _differing(options: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a group says itself: the class works out some of its own, which a group would undo."""
    return {name: value for name, value in options.items() if value != own[name]}


def tensors_of(model: nn.Module, names: Iterable[str]) -> list[nn.Parameter]:
    """The tensors that are trained for parameters of the spec; those of a parametrized one are what it is made from."""
    found: list[nn.Parameter] = []
    for name in names:
        path, _, last = name.rpartition(".")
        module = model.get_submodule(path)
        if parametrize.is_parametrized(module, last):
            found += module.parametrizations[last].parameters()
        else:
            found.append(module.get_parameter(last))
    return found
