"""`mixup` and `cutmix`: each batch is mixed with a permutation of itself, and the losses are mixed alike.

Mixing losses, and not targets, works with any loss. Draws are made on the CPU from streams keyed by (seed, purpose,
step, rank), and nothing is read back from the device. Where both are set, a coin chooses for each batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ..data import streams
from ..diagnostics import error
from ..ir.graph import Net, Value
from ..ir.types import TensorType
from ..source import Span
from .hooks import Batch, Hook
from .losses import CLASS_NUMBERS, WHOLE_TARGETS, Choices, LossChoice
from .state import State
from .world import World

SHARE, REST, PARTNER = "mixed.share", "mixed.rest", "mixed."
"""Fields that a mixed batch has besides its own: the two weights, scalars, and each field of the loss as the
partners have it."""


class Mixer(Protocol):
    """Inputs of a batch, mixed with those of `order`, and the share of the loss that is the batch's own."""

    def __call__(
        self, inputs: Mapping[str, Tensor], order: Tensor, draws: np.random.Generator
    ) -> tuple[dict[str, Tensor], float]: ...


class Mixing(Hook):
    """Mixes each batch by one of `mixers`. `inputs` are the net's, `fields` what else the loss reads."""

    def __init__(self, mixers: Sequence[Mixer], inputs: Sequence[str], fields: Sequence[str], world: World):
        self.mixers, self.inputs, self.fields, self.world = mixers, inputs, fields, world

    def on_batch(self, state: State, batch: Batch) -> Batch:
        device = self.world.device
        draws = np.random.default_rng(streams.key(state.seed, "mixing", state.step, self.world.rank))
        mixer = self.mixers[0 if len(self.mixers) == 1 else draws.integers(len(self.mixers))]
        stream = streams.key(state.seed, "partners", state.step, self.world.rank)
        order = streams.permutation(stream, len(batch[self.inputs[0]])).to(device, non_blocking=True)
        mixed, share = mixer({name: batch[name] for name in self.inputs}, order, draws)
        partners = {PARTNER + name: batch[name][order] for name in self.fields}
        shares = {SHARE: share, REST: 1 - share}
        precise = torch.promote_types(torch.float32, torch.get_default_dtype())
        weights = {name: torch.tensor(v, dtype=precise).to(device, non_blocking=True) for name, v in shares.items()}
        return {**batch, **mixed, **partners, **weights}


class MixedLoss(nn.Module):
    """A loss that is `share * loss(outputs, own) + rest * loss(outputs, partners)` of a mixed batch, and as it is else.

    Source: Zhang et al., mixup: beyond empirical risk minimization, 2018, and its code,
    https://github.com/facebookresearch/mixup-cifar10
    """

    def __init__(self, loss: nn.Module, fields: Sequence[str]):
        super().__init__()
        self.loss, self.fields = loss, tuple(fields)

    def forward(self, outputs: Any, batch: Batch) -> Tensor:
        own = self.loss(outputs, batch)
        if SHARE not in batch:
            return own
        partners = {**batch, **{name: batch[PARTNER + name] for name in self.fields}}
        return batch[SHARE] * own + batch[REST] * self.loss(outputs, partners)


def check_mixing(name: str, losses: Choices, net: Net, conflict: Callable[..., None]) -> None:
    """Tell `conflict` where the net's inputs or the targets of the losses cannot be mixed by the setting `name`."""
    inputs = net.root.inputs[: net.root.own_inputs]
    for each in inputs:
        if not isinstance(each.type, TensorType) or not each.type.dtype.startswith(("float", "bfloat")):
            conflict(name, "net", f"`{name}` mixes the inputs, but `{each.name}` is `{each.type}`, not float")
            return
    if name == "cutmix" and not _same_images(inputs):
        listed = ", ".join(f"`{each.name}: {each.type}`" for each in inputs)
        conflict(name, "net", f"`cutmix` pastes parts of images, but the net takes {listed}")
    elif reason := _unmixable(losses, net):
        conflict(name, "loss", f"`{name}` mixes the losses of two targets, each a class or numbers, but {reason}")


def _same_images(inputs: Sequence[Value]) -> bool:
    shapes = [each.type.dims for each in inputs]
    return all(len(dims) == 4 and dims[2:] == shapes[0][2:] for dims in shapes)


def _unmixable(losses: Choices, net: Net) -> str | None:
    """Why the targets of losses are no classes and no numbers, as far as it is known before there is data."""
    given = {each.name for each in net.root.inputs}
    targeted = [each for each in losses.values() if set(each.fields) - given]
    if losses and not targeted:
        return "the loss takes no target"
    if lists := [each for each in targeted if each.name in WHOLE_TARGETS - CLASS_NUMBERS]:
        return f"`{lists[0].name}` takes a list of classes"
    kind = net.outputs[0][1]
    rank = len(kind.dims) if isinstance(kind, TensorType) else 0
    if rank > 2 and not all(each.is_expression for each in targeted):
        return f"for the output `{kind}` the target is a map of values"
    return None


def check_fields(name: str, batch: Batch, loss: LossChoice, inputs: Sequence[str], span: Span | None) -> None:
    """Raises SpecError (TN0803) for a field of the loss that is no class, int[N], and no numbers, [N] or [N, k]."""
    for field in loss.fields:
        if field in inputs or field not in batch:
            continue
        value = batch[field]
        if value.ndim > (2 if value.is_floating_point() else 1):
            shape = ", ".join(["N", *map(str, value.shape[1:])])
            kind = f"{str(value.dtype).removeprefix('torch.')}[{shape}]"
            message = f"`{name}` mixes the losses of two targets, each a class or numbers, but `{field}` is `{kind}`"
            raise error("TN0803", message, span)
