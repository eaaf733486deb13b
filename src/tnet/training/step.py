"""One optimizer step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from ..data import streams
from .compiled import Forward, compile_errors
from .hooks import Batch, Hook, collect
from .optimizers import needs_closure
from .rules.players import Player, backward
from .scaling import Scaling
from .state import State
from .whole_step import WholeStep
from .world import World


class TrainStep:
    """Forward, backward, the optimizer and the schedule, for one batch; gives the loss, detached, on the device.

    The batch is computed in `parts` parts. `sums` says that a loss is the sum over its samples; else it is their mean,
    and a part counts by its share of them. `penalties` give a number that is added to the loss, and not to what is
    given; `players` are trained by losses of their own; `scaling` is that of float16.
    """

    def __init__(
        self,
        forward: Forward,
        world: World,
        parts: int = 1,
        sums: bool = False,
        tricks: Sequence[Hook] = (),
        penalties: Callable[[], Tensor] | None = None,
        players: Sequence[Player] = (),
        scaling: Scaling | None = None,
    ):
        self.forward, self.world, self.parts, self.sums = forward, world, parts, sums
        self.penalties, self.players, self.scaling = penalties, players, scaling
        self.on_batch, self.may_update = collect(tricks, "on_batch"), collect(tricks, "may_update")
        self.after_backward, self.after_update = collect(tricks, "after_backward"), collect(tricks, "after_update")
        traced = all(call.__self__.traceable for call in self.after_backward)
        is_plain = parts == 1 and traced and not (penalties or players or scaling or self.may_update)
        self.latest: dict[str, Tensor] = {}
        self.by_rule: dict[str, Tensor] = {}
        self.whole = WholeStep(forward, self.after_backward) if is_plain else None

    def __call__(self, state: State, batch: Batch) -> Tensor:
        for change in self.on_batch:
            batch = change(state, batch)
        loss, moved = None, True
        if self.whole:
            self._seed(state)
            loss = self.whole(state, batch)
        if loss is None:
            loss, moved = self._in_parts(state, batch)
        for call in self.after_update if moved else ():
            call(state)
        state.schedule.step()
        return loss

    def _seed(self, state: State) -> None:
        self.world.seed(streams.key(state.seed, "model", state.step, self.world.rank))

    def _in_parts(self, state: State, batch: Batch) -> tuple[Tensor, bool]:
        """The gradients, and then the optimizer, which may ask for them itself; gives the loss, and whether the
        optimizer has moved."""
        if needs_closure(state.optimizer):
            return self._closed_step(state, batch), True
        loss, _ = self._evaluate(state, batch)
        moves = all(call(state, loss) for call in self.may_update)
        if self.scaling:
            self.scaling.step(state.optimizer, moves)
        elif moves:
            state.optimizer.step()
        return loss, moves

    def _closed_step(self, state: State, batch: Batch) -> Tensor:
        """A step of an optimizer that asks for the loss as often as it likes; gives the first one."""
        losses: list[Tensor] = []

        def closure() -> Tensor:
            loss, objective = self._evaluate(state, batch)
            losses.append(loss)
            return objective

        state.optimizer.step(closure)
        return losses[0]

    def _evaluate(self, state: State, batch: Batch) -> tuple[Tensor, Tensor]:
        """Gradients where the parameters are now, with the draws of this step; gives the loss and what is minimised."""
        self._seed(state)
        loss, penalty = self._backward(state, batch)
        if self.scaling:
            self.scaling.unscale(state.optimizer)
        for call in self.after_backward:
            call(state)
        if loss.ndim:
            self.latest = dict(zip(self.forward.names, loss, strict=True))
            loss = loss.sum()
        self.latest |= self.by_rule
        return loss, loss if penalty is None else loss + penalty

    def _backward(self, state: State, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Gradients of the batch. Where compiling fails, which may show in the backward pass, all is done again."""
        while self.forward.compiles:
            try:
                return self._gradients(state, batch)
            except compile_errors() as problem:
                self.forward.give_up(problem)
        return self._gradients(state, batch)

    def measured(self) -> dict[str, float]:
        """Each of several losses in the last step, and those of rules, as the log names them."""
        return {f"train.loss.{name}": float(value) for name, value in self.latest.items()}

    def _gradients(self, state: State, batch: Batch) -> tuple[Tensor, Tensor | None]:
        state.optimizer.zero_grad(set_to_none=True)
        self.by_rule = {}
        penalty = self.penalties() if self.penalties else None
        if self.parts == 1:
            return self._differentiate(batch, 1.0, penalty), _detached(penalty)
        total = torch.zeros((), device=self.world.device)
        for number, (part, share) in enumerate(split(batch, self.parts)):
            added = penalty if number == 0 else None  # once, and not with each part
            total = total + self._differentiate(part, 1.0 if self.sums else share, added)
        return total, _detached(penalty)

    def _differentiate(self, batch: Batch, share: float, penalty: Tensor | None) -> Tensor:
        """Gradients of `share` of the loss and of the penalty, added to what is there; gives that share, of several
        losses each."""
        if self.players:
            losses = [loss if share == 1.0 else loss * share for loss in self.forward.losses(batch)]
            own = losses[: len(self.forward.names)]
            backward([self._scaled(loss) for loss in losses], self.players)
            if penalty is not None:
                self._scaled(penalty).backward()
            for name, loss in zip(self.forward.rule_names, losses[len(own) :], strict=True):
                self.by_rule[name] = loss.detach() + self.by_rule.get(name, 0)
            return own[0].detach() if len(own) == 1 else torch.stack(own).detach()
        loss = self.forward.loss(batch)
        loss = loss if share == 1.0 else loss * share
        self._scaled(loss if penalty is None else loss + penalty).backward()
        return loss.detach()

    def _scaled(self, loss: Tensor) -> Tensor:
        return self.scaling.scale(loss) if self.scaling else loss


def _detached(penalty: Tensor | None) -> Tensor | None:
    return None if penalty is None else penalty.detach()


def split(batch: Batch, parts: int) -> Iterator[tuple[Batch, float]]:
    """A batch in so many parts, each with its share of the samples; fewer where one would have a single sample, with
    which a batch norm may fail. Scalars go with every part."""
    count = len(next(iter(batch.values())))
    parts = min(parts, max(1, count // 2))
    scalars = {name: value for name, value in batch.items() if not value.ndim}
    pieces = {name: value.tensor_split(parts) for name, value in batch.items() if value.ndim}
    for each in zip(*pieces.values(), strict=True):
        yield dict(zip(pieces, each, strict=True)) | scalars, len(each[0]) / count
