"""The learning rate that a recipe may take: a short trial whose rate grows from step to step.

Source: Smith, Cyclical learning rates for training neural networks, 2017, section 3.3 (the LR range test); that the
rate grows by a factor and not by a sum, and that a loss which grows ends it, is Gugger's, How do you find a good
learning rate, 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import torch
from torch.optim import Optimizer

from ..diagnostics import error
from ..ir.program import Override
from . import environment
from .evaluate import to_device
from .hooks import Batch
from .parts import Parts, assemble
from .rules.effects import effects_of
from .rules.recomputing import recomputing
from .sitting import step_of
from .tricks import tricks_of

if TYPE_CHECKING:
    from ..spec import Spec

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 100
WIDTH = 3.0
"""Steps that the losses are smoothed over: the standard deviation of a Gaussian."""
TRAILING = 0.7
"""How much of the loss of before stays in the one that decides about the end."""
DIVERGED = 4.0
"""The trial ends where the loss has risen this many times as far as it had fallen."""
EDGE = 5
"""Steps at the start that no suggestion is taken from: smoothing has few losses there."""


@dataclass(frozen=True)
class RateTrial:
    """The trial of the spec of that name: `rates` of the recipe's optimizer with the `losses` there, `smoothed`.

    `own` is the rate that the recipe has; others, of groups and of other optimizers, grew in proportion. `suggested` is
    where the loss falls fastest, None where it falls nowhere; `least` is where it is least; `diverged` says that it
    rose so far that the trial ended before the highest rate.
    """

    spec: str
    own: float
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggested: float | None
    least: float
    diverged: bool


class GrowingRates:
    """Stands in for a schedule: each step all rates are the groups' own ones times the next of `factors`."""

    def __init__(self, optimizer: Optimizer, factors: Sequence[float]):
        self.optimizer, self.factors, self.steps = optimizer, factors, 0
        self.own = [float(group["lr"]) for group in optimizer.param_groups]
        self._apply()

    def step(self) -> None:
        self.steps += 1
        if self.steps < len(self.factors):
            self._apply()

    def _apply(self) -> None:
        for group, own in zip(self.optimizer.param_groups, self.own, strict=True):
            group["lr"] = own * self.factors[self.steps]


def find_rate(
    spec: Spec,
    data: Any = None,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
    say: Callable[[str], None] = lambda text: None,
) -> RateTrial:
    """Train for at most `steps` steps from the initial weights, with the recipe's optimizer between these rates.

    Nothing is written, and no model of the caller's is touched. `data` stands in for the data section, as in `train`.
    Raises SpecError as `train` does where the parts do not fit, and TN0802 for a rate of 0.
    """
    recipe = spec.recipe
    own = float(recipe.optimizer.own["lr"])
    if own == 0:
        raise error("TN0802", "a rate of 0 cannot be scaled", recipe.spans.get("optimizer"))
    rates = [lowest * (highest / lowest) ** (number / (steps - 1)) for number in range(steps)]
    with environment.process_settings(recipe):
        parts = assemble(_plain(spec), data, say)
        parts.state.optimizer = spec.optimizer(parts.state.model)  # which no schedule has moved
        parts.state.schedule = GrowingRates(parts.state.optimizer, [rate / own for rate in rates])
        losses, diverged = _losses(parts, steps)
    return trial(spec.name, own, rates[: len(losses)], losses, diverged)


def _plain(spec: Spec) -> Spec:
    """The spec without what pays or matters only in a long run."""
    settings = [Override("train.compile", False), Override("train.on_nan", "stop")]
    return spec.over(overrides=[*spec.overrides, *settings]).checked(training=True)


def _losses(parts: Parts, steps: int) -> tuple[list[float], bool]:
    """The loss of each step, and whether they ended because it rose too far."""
    state, effects = parts.state, effects_of(parts, [], print)
    step = step_of(parts, effects, [*effects.tricks, *tricks_of(parts)])
    losses: list[float] = []
    trailing = least = math.nan
    state.train_mode()
    with recomputing(effects.recomputed), parts.loaders.train.desk.watched():
        for batch in _batches(parts, steps):
            loss = float(step(state, batch))
            state.step += 1
            trailing = loss if not losses else TRAILING * trailing + (1 - TRAILING) * loss
            first, least = (losses or [loss])[0], min(least, trailing) if losses else loss
            if not math.isfinite(loss) or trailing > least + DIVERGED * max(first - least, abs(first) / DIVERGED):
                return losses, True
            losses.append(loss)
    return losses, False


def _batches(parts: Parts, steps: int) -> Iterator[Batch]:
    """So many batches, epoch after epoch."""
    left = steps
    for epoch in count():
        for batch in parts.loaders.train.epoch(epoch):
            yield to_device(batch, parts.world.device)
            left -= 1
            if not left:
                return


def trial(spec: str, own: float, rates: Sequence[float], losses: Sequence[float], diverged: bool) -> RateTrial:
    """What the losses of a trial say. Raises SpecError (TN0904) where there are too few to say anything."""
    if len(losses) <= 2 * EDGE:
        raise error("TN0904", f"the loss is no number, or far too large, after {len(losses)} steps at rates near 0")
    smoothed = smooth(losses)
    lowest = min(range(len(smoothed)), key=smoothed.__getitem__)
    falls = {number: smoothed[number - 1] - smoothed[number + 1] for number in range(EDGE, lowest)}
    steepest = max(falls, key=falls.__getitem__, default=None)
    fell = steepest is not None and falls[steepest] > 0
    return RateTrial(
        spec, own, tuple(rates), tuple(losses), tuple(smoothed), rates[steepest] if fell else None, rates[lowest],
        diverged,
    )  # fmt: skip


def smooth(values: Sequence[float]) -> list[float]:
    """A Gaussian mean over the steps around each, which does not lag behind as one of the steps before would."""
    losses, places = torch.tensor(values, dtype=torch.float64), torch.arange(len(values))
    weights = torch.exp(-0.5 * ((places[:, None] - places[None]) / WIDTH) ** 2).double()
    return (weights @ losses / weights.sum(1)).tolist()
