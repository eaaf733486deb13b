"""What optimizers keep of each parameter, by the parameter's name.

torch numbers parameters by their places in the groups, which a changed rule would shift; names stay. Options of the
groups are not kept: they are the spec's, and the schedule writes those that move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn
from torch.optim import Optimizer

OWNER = "optimizer"
"""The key, beside those of the optimizer, under which a parameter's state has the class of its optimizer."""


def state_by_name(optimizer: Any, model: nn.Module) -> dict[str, dict[str, Any]]:
    """The state of each parameter that has one; `optimizer` is one of torch's, or has several as `.optimizers`."""
    found = {}
    for each, names in _numbered(optimizer, model):
        for number, state in each.state_dict()["state"].items():
            found[names[number]] = {OWNER: type(each).__name__, **state}
    return found


def load_by_name(optimizer: Any, model: nn.Module, saved: Mapping[str, Mapping[str, Any]]) -> None:
    """Restore what `state_by_name` gave. A parameter that now has an optimizer of another class starts anew."""
    for each, names in _numbered(optimizer, model):
        own = {number: saved[name] for number, name in names.items() if name in saved}
        kept = {
            number: {key: value for key, value in state.items() if key != OWNER}
            for number, state in own.items()
            if state[OWNER] == type(each).__name__
        }
        each.load_state_dict({**each.state_dict(), "state": kept})


def _numbered(optimizer: Any, model: nn.Module) -> Iterator[tuple[Optimizer, dict[int, str]]]:
    """Each optimizer with the names of its parameters by the numbers of its state dict."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    for each in getattr(optimizer, "optimizers", [optimizer]):
        parameters = [parameter for group in each.param_groups for parameter in group["params"]]
        yield each, {number: names[id(parameter)] for number, parameter in enumerate(parameters)}
