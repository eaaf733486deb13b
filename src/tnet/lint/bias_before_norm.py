"""A bias right before batch normalisation.

Batch normalisation takes the mean of each channel away, and with it a bias added just before: the bias costs memory
and time, gets no gradient, and the norm's own bias does its work.

Write `bias=false` in the layer before the norm. Where weights of another model are loaded the names must fit, so a
spec whose recipe sets `weights` is left alone.
Source: Ioffe and Szegedy, Batch normalization, ICML 2015, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .flow import Op
from .kinds import BATCH_NORMS, WEIGHTED_LAYERS
from .registry import lint

CODE = "TN1004"

WRONG = """\
net Small(image: float[N, 3, 32, 32]) -> float[N, 8, 32, 32] {
  Conv2d(8, 3, padding=1)
  BatchNorm2d
  ReLU
}
"""

RIGHT = """\
net Small(image: float[N, 3, 32, 32]) -> float[N, 8, 32, 32] {
  Conv2d(8, 3, padding=1, bias=false)
  BatchNorm2d
  ReLU
}
"""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    if any("weights" in section.settings for section in context.program.recipes.values()):
        return
    for op in (op for flow in context.flows.values() for op in flow.ops if _has_bias(op)):
        users = op.outputs[0].users
        if users and all(each.name in BATCH_NORMS for each in users):
            yield warning(
                CODE, f"the bias of `{op.name}` is taken away by `{users[0].name}`", op.node.span,
                Note("the mean of each channel is taken away here", users[0].node.span),
                help=f"write `{_without_bias(op.node.span.text)}`",
            )  # fmt: skip


def _has_bias(op: Op) -> bool:
    if op.name not in WEIGHTED_LAYERS or op.layer is None or op.node.span is None:
        return False
    return op.layer.prototype.bias is not None and not any(each.name == "bias" for each in op.layer.arguments)


def _without_bias(written: str) -> str:
    """`Conv2d(8, 3)` with `bias=false`."""
    return f"{written[:-1]}, bias=false)" if written.endswith(")") else f"{written}(bias=false)"
