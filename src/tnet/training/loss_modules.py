"""Losses with parameters or buffers of their own: part of the model while it trains, saved under `loss.`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ..diagnostics import error
from ..ir.graph import Module, Net
from ..parameters import RuleTable
from ..parameters import build as initialise
from . import losses
from .losses import Choices

NAME = "loss"
"""The submodule of the model, and the first part of the names of its parameters."""


def joined(net: Net, choices: Choices) -> Net:
    """The net as rules and optimizers see it: with the modules of its losses, where these have something to keep.

    Raises SpecError (TN0202) where the net has something else of that name.
    """
    own = own_module(choices)
    if own is None:
        return net
    root = net.root
    if NAME in {*root.children, *root.parameters, *root.buffers}:
        span = next(each.span for each in choices.values() if each.own)
        message = f"the net has a `{NAME}` already, and this loss has parameters of its own, saved as `{NAME}.…`"
        raise error("TN0202", message, span, help="give the net's another label")
    return replace(net, root=replace(root, children={**root.children, NAME: own}))


def own_module(choices: Choices) -> Any:
    """What the losses of a recipe are made of, as far as it has parameters or buffers; None without such."""
    found = {name: each.own for name, each in choices.items() if each.own is not None}
    return found.get("") or (Module("group", "Losses", children=found) if found else None)


def initialised(choices: Choices, table: RuleTable, seed: int, device: str | torch.device) -> nn.Module:
    """The losses of a recipe, their parameters with the values that the rules give them."""
    own = own_module(choices)
    if own is None:
        return losses.build(choices, device)
    net = Net("Holder", Module("net", "Holder", children={NAME: own}), (), {})
    return getattr(initialise(lambda: _Holder(choices), net, table, seed), NAME).to(device)


class _Holder(nn.Module):
    """Gives parameters of losses the names that they have in a model."""

    def __init__(self, choices: Choices):
        super().__init__()
        self.add_module(NAME, losses.build(choices))


def attached(model: nn.Module, choices: Choices, device: torch.device) -> list[nn.Module]:
    """The losses of a recipe: those of the model, where it has them, else made anew."""
    if own_module(choices) is None:
        return [each.build(device) for each in choices.values()]
    loss = model.get_submodule(NAME)
    return [loss] if "" in choices else list(loss.children())


def detached(model: nn.Module, choices: Choices) -> nn.Module | None:
    """Take its losses from a model that is trained; None where they have nothing of their own."""
    return None if own_module(choices) is None else model._modules.pop(NAME)


def require_attached(model: nn.Module, choices: Choices) -> None:
    """Raises ValueError for a model that lacks the parameters of its loss."""
    if own_module(choices) is not None and not hasattr(model, NAME):
        raise ValueError("the loss has parameters of its own: set `model.loss = spec.loss()` first")


def of_losses(names: Mapping[str, Any]) -> list[str]:
    """Those names of parameters or modules that are of losses."""
    return [name for name in names if name == NAME or name.startswith(f"{NAME}.")]
