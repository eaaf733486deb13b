"""All that the rules of a run do while it trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from ..hooks import Hook
from ..optimizers import tensors_of
from .clipping import ClipByRule, clipped
from .following import Following, pairs
from .freezing import Freezing, thaws_of
from .histograms import Histograms
from .max_norm import MaxNorm
from .penalties import Penalties, penalties_of
from .players import Player, players_of

if TYPE_CHECKING:
    from ..parts import Parts


@dataclass(frozen=True)
class Effects:
    """`tricks` in the order in which they act, before those of settings; `recomputed` are the modules whose
    activations are computed again."""

    tricks: Sequence[Hook]
    penalties: Penalties | None
    players: Sequence[Player]
    recomputed: Sequence[nn.Module]


def effects_of(parts: Parts, sinks: Sequence[Callable], say: Callable[[str], None]) -> Effects:
    """The effects of the rules that hold for a run's model; freezes are registered with its state. Raises SpecError
    (TN0803) for a freeze that is longer than the run."""
    table, state, model = parts.spec.table, parts.state, parts.state.model
    tricks: list[Hook] = []
    if thaws := thaws_of(table, model, parts.per_epoch, parts.total_steps):
        freezing = Freezing(thaws, state, parts.per_epoch, parts.forward.rebuild, say)
        state.register("freezing", freezing)
        tricks.append(freezing)
    if watched := table.outermost("histogram"):
        modules = {path: model.get_submodule(path) for path in watched}
        tricks.append(Histograms(modules, parts.forward, parts.recipe.log_every, sinks))
    if choices := clipped(table, model):
        tricks.append(ClipByRule(choices))
    if limits := table.having("max_norm"):
        tricks.append(MaxNorm([(*tensors_of(model, [name]), entry.value) for name, entry in limits.items()]))
    if followed := pairs(table, model):
        tricks.append(Following(followed))
    recomputed = [model.get_submodule(path) for path in table.outermost("recompute")]
    return Effects(tricks, penalties_of(table, model), players_of(table, model, len(parts.recipe.losses)), recomputed)
