"""`l1 = c`, `l2 = c`: adds c · Σ|w| and c · Σ w² over the parameters to the loss; logged apart from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...parameters import RuleTable

SIZES = {"l1": torch.abs, "l2": torch.square}
"""What of an element each penalty adds up."""


class Penalties:
    """The penalties of a model, as one number to be added to the loss of a step.

    `terms` has (property, factor, names of parameters). A parametrized one counts with the value that it has.
    """

    def __init__(self, model: nn.Module, terms: Sequence[tuple[str, float, Sequence[str]]]):
        self.model = model
        self.terms = [(kind, factor, [name.rpartition(".")[::2] for name in names]) for kind, factor, names in terms]
        self.latest: dict[str, Tensor] = {}

    def __call__(self) -> Tensor:
        """The sum, to be differentiated."""
        sums: dict[str, Tensor] = {}
        for kind, factor, names in self.terms:
            tensors = (getattr(self.model.get_submodule(path), last) for path, last in names)
            value = factor * sum(SIZES[kind](tensor).sum() for tensor in tensors)
            sums[kind] = sums[kind] + value if kind in sums else value
        self.latest = {kind: value.detach() for kind, value in sums.items()}
        return sum(sums.values())

    def measured(self) -> Mapping[str, float]:
        """Those of the last step, as the log names them."""
        return {f"train.{kind}": float(value) for kind, value in self.latest.items()}


def penalties_of(table: RuleTable, model: nn.Module) -> Penalties | None:
    """The penalties that rules ask for, None where there are none."""
    terms: dict[tuple[str, float], list[str]] = {}
    for kind in SIZES:
        for name, entry in table.having(kind).items():
            if entry.value and table.freeze(name) is not True:
                terms.setdefault((kind, entry.value), []).append(name)
    return Penalties(model, [(*key, names) for key, names in terms.items()]) if terms else None
