"""The distributions of a model's parameters and of their gradients."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..rules.histograms import distribution

MOST = 16
"""Parameters whose distributions are kept, spread over the depth of the net."""
ENOUGH = 100_000
"""Values of a parameter from which every other, third, … counts."""


def chosen(model: nn.Module) -> list[str]:
    """The names of up to `MOST` parameters, weights rather than biases and gains, the first and the last among them."""
    names = [name for name, each in model.named_parameters() if each.ndim > 1]
    names = names or [name for name, _ in model.named_parameters()]
    return evenly(names, MOST)


def evenly(items: list, most: int) -> list:
    """Up to `most` of some items at even distances, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(number * (len(items) - 1) / (most - 1))] for number in range(most)]


def distributions(model: nn.Module, names: list[str]) -> dict[str, dict[str, Any]]:
    """A distribution (see `rules.histograms`) of each parameter named, NAME, and of its gradient where there is one,
    NAME.grad."""
    parameters = dict(model.named_parameters())
    found = {}
    for name in names:
        if (parameter := parameters.get(name)) is None:
            continue
        found[name] = distribution(_thinned(parameter.detach()))
        if parameter.grad is not None:
            found[f"{name}.grad"] = distribution(_thinned(parameter.grad))
    return found


def _thinned(tensor: Tensor) -> Tensor:
    if tensor.is_sparse or tensor.numel() <= ENOUGH:
        return tensor
    return tensor.flatten()[:: -(-tensor.numel() // ENOUGH)]
