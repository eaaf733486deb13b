"""A loss of probabilities that is given raw scores.

`NLLLoss` and `KLDivLoss` take log probabilities, `BCELoss` takes probabilities. The output of a linear layer is
neither: `NLLLoss` then goes to minus infinity, and `BCELoss` stops with an error at the first step.

End the net with what the loss expects, or take the loss that has it inside: `CrossEntropyLoss` for `NLLLoss`,
`BCEWithLogitsLoss` for `BCELoss`; they are also more exact.
Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .flow import origin
from .kinds import LOG_SOFTMAXES, SIGMOIDS, SOFTMAXES, WEIGHTED
from .losses import loss_calls
from .registry import lint

CODE = "TN1002"

WRONG = """\
net Classifier(v: float[N, 4]) -> scores: float[N, 3] {
  Linear(3)
}

train {
  epochs    = 5
  batch     = 16
  loss      = NLLLoss()
  optimizer = Adam(lr=1e-3)
}
"""

RIGHT = """\
net Classifier(v: float[N, 4]) -> scores: float[N, 3] {
  Linear(3)
  log_softmax(1)
}

train {
  epochs    = 5
  batch     = 16
  loss      = NLLLoss()
  optimizer = Adam(lr=1e-3)
}
"""

RAW = WEIGHTED | {"ReLU", "relu", "Tanh", "tanh"}
UNLOGGED = RAW | SOFTMAXES | SIGMOIDS
NLL = ("log probabilities", UNLOGGED, "end the net with `log_softmax(1)`, or take `{other}`")
BCE = ("probabilities", RAW | LOG_SOFTMAXES, "end the net with `sigmoid`, or take `{other}`")
KL = ("log probabilities", UNLOGGED, "write `log_softmax(1)` before it")

WANTED = {
    "NLLLoss": (*NLL, "CrossEntropyLoss"),
    "nll_loss": (*NLL, "cross_entropy"),
    "BCELoss": (*BCE, "BCEWithLogitsLoss"),
    "binary_cross_entropy": (*BCE, "binary_cross_entropy_with_logits"),
    "KLDivLoss": (*KL, ""),
    "kl_div": (*KL, ""),
}
"""What each loss takes, the operations that do not give it, what to do, and the loss that takes scores."""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for training in context.trainings:
        for call in loss_calls(training):
            if call.name not in WANTED or not call.inputs:
                continue
            wanted, others, advice, other = WANTED[call.name]
            maker = origin(call.inputs[0]).maker
            if maker and maker.name in others:
                message = f"`{call.name}` takes {wanted}, but is given what `{maker.name}` gives"
                note = Note(f"`{maker.name}` is applied here", maker.node.span)
                yield warning(CODE, message, call.span, note, help=advice.format(other=other))
