"""One optimizer step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..data import streams
from .compiled import Forward, compile_errors
from .hooks import Batch, Hook, collect
from .state import State
from .whole_step import WholeStep
from .world import World


class TrainStep:
    """Forward, backward, the optimizer and the schedule, for one batch; gives the loss, detached, on the device.

    The batch is computed in `parts` parts. `sums` says that a loss is the sum over its samples; else it is their mean,
    and a part counts by its share of them.
    """

    def __init__(self, forward: Forward, world: World, parts: int = 1, sums: bool = False, tricks: Sequence[Hook] = ()):
        self.forward, self.world, self.parts, self.sums = forward, world, parts, sums
        points = ("on_batch", "after_backward", "after_update")
        self.on_batch, self.after_backward, self.after_update = (collect(tricks, point) for point in points)
        self.whole = WholeStep(forward, self.after_backward) if parts == 1 else None

    def __call__(self, state: State, batch: Batch) -> Tensor:
        for change in self.on_batch:
            batch = change(state, batch)
        torch.manual_seed(streams.key(state.seed, "model", state.step, self.world.rank))
        loss = self.whole and self.whole(state, batch)
        if loss is None:
            loss = self._backward(state, batch)
            for call in self.after_backward:
                call(state)
            state.optimizer.step()
        for call in self.after_update:
            call(state)
        state.schedule.step()
        return loss

    def _backward(self, state: State, batch: Batch) -> Tensor:
        """Gradients of the batch. Where compiling fails, which may show in the backward pass, all is done again."""
        while self.forward.compiles:
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
