"""One optimizer step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..data import streams
from .compiled import Forward, compile_errors
from .hooks import Batch, Hook, collect
from .state import State
from .world import World


class TrainStep:
    """Forward, backward, the optimizer and the schedule, for one batch; gives the loss, detached, on the device.

    The batch is computed in `parts` parts. `sums` says that a loss is the sum over its samples; else it is their mean,
    and a part counts by its share of them.
    """

    def __init__(self, forward: Forward, world: World, parts: int = 1, sums: bool = False, tricks: Sequence[Hook] = ()):
        self.forward, self.world, self.parts, self.sums = forward, world, parts, sums
        self.on_batch, self.may_update = collect(tricks, "on_batch"), collect(tricks, "may_update")
        self.after_backward, self.after_update = collect(tricks, "after_backward"), collect(tricks, "after_update")

    def __call__(self, state: State, batch: Batch) -> Tensor:
        for change in self.on_batch:
            batch = change(state, batch)
        self.world.seed(streams.key(state.seed, "model", state.step, self.world.rank))
        loss = self._backward(state, batch)
        for call in self.after_backward:
            call(state)
        if all(call(state, loss) for call in self.may_update):
            state.optimizer.step()
            for call in self.after_update:
                call(state)
        state.schedule.step()
        return loss

    def _backward(self, state: State, batch: Batch) -> Tensor:
        """Gradients of the batch. Where compiling fails, which may show in the backward pass, all is done again."""
        if not self.forward.compiles:
            return self._gradients(state, batch)
        try:
            return self._gradients(state, batch)
        except compile_errors() as problem:
            self.forward.give_up(problem)
            return self._gradients(state, batch)

    def _gradients(self, state: State, batch: Batch) -> Tensor:
        state.optimizer.zero_grad(set_to_none=True)
        if self.parts == 1:
            loss = self.forward.loss(batch)
            loss.backward()
            return loss.detach()
        total = torch.zeros((), device=self.world.device)
        for part, share in split(batch, self.parts):
            loss = self.forward.loss(part) * (1.0 if self.sums else share)
            loss.backward()
            total += loss.detach()
        return total


def split(batch: Batch, parts: int) -> Iterator[tuple[Batch, float]]:
    """A batch in so many parts, each with its share of the samples; fewer where one would have a single sample, with
    which a batch norm may fail. Scalars go with every part."""
    count = len(next(iter(batch.values())))
    parts = min(parts, max(1, count // 2))
    scalars = {name: value for name, value in batch.items() if not value.ndim}
    pieces = {name: value.tensor_split(parts) for name, value in batch.items() if value.ndim}
    for each in zip(*pieces.values(), strict=True):
        yield dict(zip(pieces, each, strict=True)) | scalars, len(each[0]) / count
