"""A softmax or sigmoid before a loss that has it inside.

`CrossEntropyLoss` takes scores and makes them probabilities itself, as `BCEWithLogitsLoss` does with a sigmoid. Given
probabilities it squashes them once more: the loss cannot come near zero, gradients shrink, and training is slow and
ends worse, without any error.

Leave the softmax or sigmoid out of the net. Where probabilities are wanted, apply it to the net's output.
Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .flow import Op, origin
from .kinds import LOG_SOFTMAXES, SIGMOIDS, SOFTMAXES
from .losses import LossCall, loss_calls
from .registry import lint

CODE = "TN1001"

WRONG = """\
net Classifier(v: float[N, 4]) -> scores: float[N, 3] {
  Linear(3)
  softmax(1)
}

train {
  epochs    = 5
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = Adam(lr=1e-3)
}
"""

RIGHT = """\
net Classifier(v: float[N, 4]) -> scores: float[N, 3] {
  Linear(3)
}

train {
  epochs    = 5
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = Adam(lr=1e-3)
}
"""

INSIDE = {
    "CrossEntropyLoss": "softmax",
    "cross_entropy": "softmax",
    "BCEWithLogitsLoss": "sigmoid",
    "binary_cross_entropy_with_logits": "sigmoid",
    "SoftMarginLoss": "sigmoid",
    "soft_margin_loss": "sigmoid",
    "MultiLabelSoftMarginLoss": "sigmoid",
    "multilabel_soft_margin_loss": "sigmoid",
    "sigmoid_focal_loss": "sigmoid",
}
"""What each loss does to its first input."""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for training in context.trainings:
        for call in loss_calls(training):
            maker = origin(call.inputs[0]).maker if call.name in INSIDE and call.inputs else None
            if maker and maker.name in SIGMOIDS | SOFTMAXES | LOG_SOFTMAXES:
                yield _warning(call, maker, context)


def _warning(call: LossCall, maker: Op, context: Context) -> Diagnostic:
    message = f"`{maker.name}` before `{call.name}`, which has a {INSIDE[call.name]} inside"
    here = maker.node.span is not None and maker.node.span.source is context.tree.source
    place, other = (maker.node.span, call.span) if here else (call.span, maker.node.span)
    note = Note(f"`{call.name}` takes scores as they are" if here else f"`{maker.name}` is applied here", other)
    help = f"leave the `{maker.name}` out; apply it to the output where probabilities are wanted"
    return warning(CODE, message, place, note, help=help)
