"""Dropout right before batch normalisation.

Dropout changes the variance of what it passes on in training and not in evaluation. The running variance that batch
normalisation gathers in training is then wrong in evaluation, and accuracy drops.

Put the dropout after the norm, or after all batch norms of the net.
Source: Li et al., Understanding the disharmony between dropout and batch normalization by variance shift, CVPR 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .flow import Op, destinations
from .kinds import BATCH_NORMS, DROPOUTS
from .registry import lint

CODE = "TN1003"

WRONG = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(16, bias=false)
  Dropout(0.5)
  BatchNorm1d
  ReLU
  Linear(2)
}
"""

RIGHT = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(16, bias=false)
  BatchNorm1d
  ReLU
  Dropout(0.5)
  Linear(2)
}
"""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for op in (op for flow in context.flows.values() for op in flow.ops if op.name in DROPOUTS and _drops(op)):
        norm = next((each for each in destinations(op.outputs[0]) if each.name in BATCH_NORMS), None)
        if norm:
            yield warning(
                CODE, f"`{op.name}` right before `{norm.name}`", op.node.span,
                Note("its running variance is that of training, with dropped values", norm.node.span),
                help=f"write the `{op.name}` after the `{norm.name}`",
            )  # fmt: skip


def _drops(op: Op) -> bool:
    """Whether the probability is above zero."""
    if op.layer is not None:
        return bool(op.layer.prototype.p)
    given: tuple[Any, ...] = op.node.args[1:2] or (op.node.kwargs.get("p", 0.5),)
    return given[0] != 0
