"""Binary cross entropy with class numbers as targets.

`BCELoss` compares probabilities with probabilities: its target is 0 or 1, as a float. Class numbers go up to the
number of classes, which gives a negative loss without bound; and in a loss expression integers are refused by PyTorch
at the first step.

For one of several classes take `CrossEntropyLoss`; for two, `target.float()` in a loss expression. A loss that is named
alone, such as `BCEWithLogitsLoss()`, gets its target as float.
Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from ..ir.types import TensorType
from .context import Context
from .flow import VIEWS, Tensor, origin
from .losses import loss_calls
from .registry import lint
from .targets import target_of

CODE = "TN1018"

WRONG = """\
net Classifier(v: float[N, 4]) -> float[N] {
  Linear(1)
  squeeze(1)
}

data {
  train = Iris()
  split = [0.8, 0.2]
}

train {
  epochs    = 5
  batch     = 16
  loss      = BCEWithLogitsLoss()
  optimizer = Adam(lr=1e-2)
}
"""

RIGHT = """\
net Classifier(v: float[N, 4]) -> float[N, 3] {
  Linear(3)
}

data {
  train = Iris()
  split = [0.8, 0.2]
}

train {
  epochs    = 5
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = Adam(lr=1e-2)
}
"""

BINARY = frozenset(
    {"BCELoss", "BCEWithLogitsLoss", "binary_cross_entropy", "binary_cross_entropy_with_logits"}
)  # fmt: skip


CASTS = VIEWS | {"float", "double", "to"}


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for training in context.trainings:
        known = target_of(training.data)
        if known is None or known.dtype != "int64":
            continue
        source = Note("the targets come from here", training.data.settings["train"].value_span)
        for call in (call for call in loss_calls(training) if call.name in BINARY):
            if (known.classes or 2) > 2 and any(_is_target(origin(each, CASTS)) for each in call.inputs):
                message = f"`{call.name}` takes targets of 0 and 1, these are the numbers of {known.classes} classes"
                help = "take `CrossEntropyLoss()` and an output for each class"
                yield warning(CODE, message, call.span, source, help=help)
            elif training.recipe.loss.is_expression and any(map(_is_target, call.inputs)):
                message = f"`{call.name}` takes float targets, these are integers"
                yield warning(CODE, message, call.span, source, help="write `target.float()`")


def _is_target(tensor: Tensor) -> bool:
    """Whether this is what the data gives, class numbers."""
    return tensor.maker is None and isinstance(tensor.type, TensorType) and tensor.type.dtype == "int64"
