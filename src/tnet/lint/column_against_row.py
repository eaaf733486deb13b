"""An output `[N, 1]` against a target `[N]` in a loss.

PyTorch repeats the column along the row and compares each output with every target: the loss is a number, training
runs, and the net learns the mean of the targets.

End the net with `squeeze(1)`, or compare `output.squeeze(1)`.
Source: https://docs.pytorch.org/docs/stable/notes/broadcasting.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .losses import LossCall, loss_calls
from .registry import lint

CODE = "TN1017"

WRONG = """\
net Regressor(v: float[N, 10]) -> float[N, 1] {
  Linear(1)
}

data {
  train = Diabetes()
  split = [0.8, 0.2]
}

train {
  epochs    = 5
  batch     = 16
  loss      = mse_loss(output, target)
  optimizer = Adam(lr=1e-2)
}
"""

RIGHT = """\
net Regressor(v: float[N, 10]) -> float[N] {
  Linear(1)
  squeeze(1)
}

data {
  train = Diabetes()
  split = [0.8, 0.2]
}

train {
  epochs    = 5
  batch     = 16
  loss      = mse_loss(output, target)
  optimizer = Adam(lr=1e-2)
}
"""

ELEMENTWISE = frozenset(
    "MSELoss mse_loss L1Loss l1_loss SmoothL1Loss smooth_l1_loss HuberLoss huber_loss BCELoss binary_cross_entropy"
    " BCEWithLogitsLoss binary_cross_entropy_with_logits PoissonNLLLoss poisson_nll_loss SoftMarginLoss"
    " soft_margin_loss + - * / sub mul where maximum minimum".split()
)


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for training in context.trainings:
        for call in loss_calls(training):
            if _crosses(call):
                column = next(each for each in call.inputs if len(each.dims) == 2)
                message = f"`{call.name}` compares [N, 1] with [N]: each output with every target"
                place = column.maker.node.span if column.maker else None
                note = Note("the column is made here", place)
                help = "end the net with `squeeze(1)`, or write `output.squeeze(1)` in the loss"
                yield warning(CODE, message, call.span, note, help=help)


def _crosses(call: LossCall) -> bool:
    """Whether the operation is given a column and a row of as many numbers."""
    columns = [each.dims[:1] for each in call.inputs if len(each.dims) == 2 and each.dims[1] == 1]
    rows = [each.dims for each in call.inputs if len(each.dims) == 1]
    return call.name in ELEMENTWISE and any(each in rows for each in columns)
