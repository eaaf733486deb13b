"""`swa = SWA(start=0.75, lr=0.05)`: the mean of the weights at the ends of the epochs from this share of the run on.

Source: Izmailov et al., Averaging weights leads to wider optima and better generalization, 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import update_bn

from ..data import streams
from ..data.loaders import Loader
from .evaluate import to_device
from .hooks import Hook
from .schedules import Scheduler
from .state import State
from .world import World


class Swa(Hook):
    """Moves `state.average` as `torch.optim.swa_utils.AveragedModel` with `get_swa_multi_avg_fn` does; `due(step)` says
    when, from after step `first` on. Before that the average is the model itself.

    https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema
    """

    def __init__(self, first: int, due: Callable[[int], bool], loader: Loader, inputs: tuple[str, ...], world: World):
        self.first, self.due, self.loader, self.inputs, self.world = first, due, loader, inputs, world
        self.count = 0

    @torch.no_grad()
    def after_update(self, state: State) -> None:
        done = state.step + 1
        if done > self.first and self.due(done):
            _copy_buffers(state)
            averages, parameters = list(state.average.parameters()), list(state.model.parameters())
            if self.count:
                torch._foreach_lerp_(averages, parameters, 1 / (self.count + 1))
            else:
                torch._foreach_copy_(averages, parameters)
            self.count += 1

    @torch.no_grad()
    def before_evaluation(self, state: State) -> None:
        """The average as it is to be used: with statistics of batch norms of its own, from all training samples."""
        if not self.count:
            torch._foreach_copy_(list(state.average.parameters()), list(state.model.parameters()))
            _copy_buffers(state)
        elif any(isinstance(each, _BatchNorm) for each in state.average.modules()):
            self.world.seed(streams.key(state.seed, "swa", state.step, self.world.rank))
            update_bn(self._batches(), _OfBatch(state.average, self.inputs))

    def _batches(self) -> Iterator[Mapping[str, Tensor]]:
        return (to_device(batch, self.world.device) for batch in self.loader.epoch(0))

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.count = state["count"]


def unaveraged(first: int, due: Callable[[int], bool], total: int) -> list[str]:
    """What is to be said of a run in which there is nothing to average."""
    taken = filter(due, range(first + 1, total + 1))
    if next(taken, None) and next(taken, None):
        return []
    return [f"`swa` averages nothing: after step {first} of {total} weights are taken once at most"]


def _copy_buffers(state: State) -> None:
    for average, buffer in zip(state.average.buffers(), state.model.buffers(), strict=True):
        average.copy_(buffer)


class _OfBatch(nn.Module):
    """A model that takes a batch by the names of its fields."""

    def __init__(self, model: nn.Module, inputs: tuple[str, ...]):
        super().__init__()
        self.model, self.inputs = model, inputs

    def forward(self, batch: Mapping[str, Tensor]) -> Any:
        return self.model(*[batch[name] for name in self.inputs])


class SwaRates:
    """A schedule until `first` steps are done, then the constant rate of `SWA(lr=…)`, in proportion to groups' own.

    As `torch.optim.swa_utils.SWALR` with `anneal_epochs=0`.
    """

    def __init__(self, schedule: Scheduler, first: int, rate: float):
        self.schedule, self.first, self.rate = schedule, first, rate
        self._write()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.schedule, name)

    @property
    def groups(self) -> Iterator[tuple[dict[str, Any], float]]:
        """Each parameter group with its rate over its optimizer's own."""
        for each in getattr(self.schedule.optimizer, "optimizers", [self.schedule.optimizer]):
            for group in each.param_groups:
                own = float(each.defaults["lr"])
                yield group, float(group["initial_lr"]) / own if own else 1.0

    def step(self) -> None:
        self.schedule.step()
        self._write()

    def evaluated(self, results: Mapping[str, Any]) -> None:
        self.schedule.evaluated(results)
        self._write()

    def get_last_lr(self) -> list[float]:
        if self.schedule.steps < self.first:
            return self.schedule.get_last_lr()
        return [self.rate * scale for _, scale in self.groups]

    def stages(self) -> list[str]:
        return self.schedule.stages() if self.schedule.steps < self.first else ["SWA"] * len(self.schedule.stages())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.schedule.load_state_dict(state)
        self._write()

    def _write(self) -> None:
        if self.schedule.steps < self.first:
            return
        for group, scale in self.groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(self.rate * scale)
            else:
                group["lr"] = self.rate * scale
