"""Weight decay on norms and biases.

Weight decay keeps weights small that are multiplied with inputs. The scale of a norm and biases are not such: decay
pulls scales to zero and offsets away from where the data wants them, and gains nothing.

Set it to zero for them by a rule: `:bias, :norm { weight_decay = 0 }`. Reported for nets with norms, where the call
of the optimizer gives a `weight_decay` and no rule gives another to their norms.
Source: He et al., Bag of tricks for image classification with convolutional neural networks, CVPR 2019, section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from ..ir.program import Selector, SelectorPart
from ..source import Span
from .context import Context, Training
from .registry import lint

CODE = "TN1009"

WRONG = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(16)
  LayerNorm
  ReLU
  Linear(2)
}

train {
  epochs    = 5
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = AdamW(lr=1e-3, weight_decay=0.05)
}
"""

RIGHT = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(16)
  LayerNorm
  ReLU
  Linear(2)
}

parameters {
  :bias, :norm { weight_decay = 0 }
}

train {
  epochs    = 5
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = AdamW(lr=1e-3, weight_decay=0.05)
}
"""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for training in context.trainings:
        optimizer = training.recipe.optimizer
        if not optimizer.options.get("weight_decay"):
            continue
        place = optimizer.spans.get("weight_decay") or optimizer.span
        if norms := _decayed_norms(training, place):
            ruled = any("weight_decay" in entries for entries in training.table.entries.values())
            what, rule = ("norms", ":norm") if ruled else ("norms and biases", ":bias, :norm")
            yield warning(
                CODE, f"weight decay on {what}", place,
                Note(f"`{norms[0]}` decays", training.table.parameters[norms[0]].span),
                help=f"add the rule `{rule} {{ weight_decay = 0 }}` to `parameters`",
            )  # fmt: skip


def _decayed_norms(training: Training, place: Span) -> list[str]:
    """The parameters of norms that decay as the optimizer's call says."""
    table = training.table
    selection = table.matcher.select(Selector((SelectorPart(":norm", place),), place))
    names = table.matcher.sites.parameter_names(selection)
    return [name for name in names if table.entries.get(name, {}).keys().isdisjoint({"weight_decay", "optimizer"})]
