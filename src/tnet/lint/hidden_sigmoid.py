"""A sigmoid between two layers with weights.

The gradient of a sigmoid is at most a quarter and near zero for large inputs, so it fades from layer to layer; its
results are all positive, which slows the layer after it. Gates, whose sigmoid is multiplied with something, and
outputs are not meant.

Write `ReLU`, `GELU` or `Tanh` instead.
Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from .context import Context
from .flow import VIEWS, Op, destinations, origin
from .kinds import DROPOUTS, NORMS, SIGMOIDS, WEIGHTED
from .registry import lint

CODE = "TN1014"

WRONG = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(16)
  Sigmoid
  Linear(2)
}
"""

RIGHT = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(16)
  ReLU
  Linear(2)
}
"""

POOLS = frozenset(
    f"{kind}{n}d" for n in (1, 2, 3) for kind in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool")
) | frozenset(f"{kind}{n}d" for n in (1, 2, 3) for kind in ("max_pool", "avg_pool", "adaptive_avg_pool"))
THROUGH = VIEWS | DROPOUTS | NORMS | POOLS


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for flow in context.flows.values():
        ends = [origin(each, THROUGH) for each in flow.outputs]
        for op in (op for op in flow.ops if op.name in SIGMOIDS):
            if _is_hidden(op) and op.outputs[0] not in ends:
                instead = "ReLU" if op.layer else "relu"
                yield warning(CODE, f"`{op.name}` in a hidden layer", op.node.span, help=f"write `{instead}`")


def _is_hidden(op: Op) -> bool:
    """Whether it stands between layers with weights and feeds nothing else."""
    before, after = origin(op.inputs[0], THROUGH).maker, list(destinations(op.outputs[0], THROUGH))
    return bool(before and before.name in WEIGHTED and after) and all(each.name in WEIGHTED for each in after)
