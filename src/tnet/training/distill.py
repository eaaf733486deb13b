"""`distill = Distill("teacher.tnet", weights="t.safetensors", temperature=4, weight=1)`: the net learns from another's
outputs too, by weight · T² · KL added to the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..catalog.models import without_weights
from ..data.sources.registry import existing
from ..diagnostics import SpecError, error
from ..ir.graph import Net
from ..source import Span
from .choices import DistillChoice
from .hooks import Batch, Hook
from .losses import BINARY, MULTILABEL, Choices
from .outputs import output_dims, outputs_of
from .state import State
from .weight_files import read_weights
from .weights import misfits, stripped

if TYPE_CHECKING:
    from ..spec import Spec

TAUGHT = "distilled.teacher"
"""The field that a batch of training has besides its own: the teacher's first output, [N, classes]."""
WHOLE = "distilled.samples"
"""How many samples the whole batch has, where parts of it add up to a sum."""


class Teaching(Hook):
    """Has the teacher, in eval mode, say what it makes of each batch as the net is given it. `sums` says that parts of
    a batch are added up as they are, whatever their share of its samples."""

    def __init__(self, teacher: nn.Module, inputs: tuple[str, ...]):
        self.teacher, self.inputs, self.sums = teacher, inputs, False

    @torch.no_grad()
    def on_batch(self, state: State, batch: Batch) -> Batch:
        taught = outputs_of(self.teacher(*[batch[name] for name in self.inputs]))[0]
        whole = {WHOLE: torch.full((), float(len(taught)), device=taught.device)} if self.sums else {}
        return {**batch, TAUGHT: taught, **whole}


class DistilledLoss(nn.Module):
    """A loss with weight · T² · KL(teacher ‖ net) at temperature T on batches that a teacher has seen, as it is else.

    Source: Hinton et al., Distilling the knowledge in a neural network, 2015; T² keeps gradients of one size.
    """

    def __init__(self, loss: nn.Module, temperature: float, weight: float):
        super().__init__()
        self.loss, self.temperature, self.weight = loss, temperature, weight

    def forward(self, outputs: Any, batch: Batch) -> Tensor:
        own = self.loss(outputs, batch)
        if TAUGHT not in batch:
            return own
        shares = F.log_softmax(outputs_of(outputs)[0] / self.temperature, dim=1)
        taught = F.softmax(batch[TAUGHT] / self.temperature, dim=1)
        if WHOLE in batch:
            distance = F.kl_div(shares, taught, reduction="sum") / batch[WHOLE]
        else:
            distance = F.kl_div(shares, taught, reduction="batchmean")
        return own + self.weight * self.temperature**2 * distance


def teacher_of(choice: DistillChoice, spec: Spec, span: Span | None, device: torch.device) -> nn.Module:
    """The teacher's net with its weights, in eval mode, without gradients. Raises SpecError: what is wrong with its
    spec; TN0702 for a file that cannot be read; TN0703 where net and weights do not fit."""
    import tnet

    path = existing(choice.spec, spec.source_file, span)
    teacher = tnet.load(path, allow=spec.permissions.allowed)
    if choice.weights is None:
        model = teacher.model()
    else:
        with without_weights():
            model = teacher.model()
        _load(model, choice.weights, spec, span)
    return model.to(device).eval().requires_grad_(False)


def _load(model: nn.Module, name: str, spec: Spec, span: Span | None) -> None:
    given = stripped(read_weights(name, spec.source_file, span), model.state_dict())
    if lines := misfits(given, model.state_dict()):
        raise error("TN0703", f"`{name}` does not fit the teacher: {lines[0]}", span)
    model.load_state_dict(given)


def check_distilling(losses: Choices, net: Net, conflict: Callable[..., None]) -> None:
    """Tell `conflict` where the net's outputs are no scores of classes, one of which is right."""
    dims = output_dims(net)
    if len(dims) < 2 or dims[1] == 1:
        conflict("distill", "net", "`distill` compares shares of classes, but the net gives one number a sample")
    elif found := next((each.name for each in losses.values() if each.name in BINARY | MULTILABEL), None):
        message = f"`distill` compares shares of classes, of which one is right, but `{found}` is for several labels"
        conflict("distill", "loss", message)


def check_teacher(teaching: Teaching, model: nn.Module, batch: Batch, span: Span | None) -> None:
    """Raises SpecError (TN0703) where the teacher does not take the net's inputs or gives another output."""
    model.eval()
    try:
        with torch.no_grad():
            own = outputs_of(model(*[batch[name] for name in teaching.inputs]))[0]
            taught = teaching.on_batch(None, batch)[TAUGHT]
    except SpecError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as problem:
        raise error("TN0703", f"the teacher does not take this net's inputs: {problem}", span) from problem
    finally:
        model.train()
    if own.shape != taught.shape or own.ndim < 2:
        message = f"the teacher gives [N, {', '.join(map(str, taught.shape[1:]))}], the net"
        raise error("TN0703", f"{message} [N, {', '.join(map(str, own.shape[1:]))}]", span)
