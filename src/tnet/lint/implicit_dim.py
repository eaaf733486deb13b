"""A softmax without `dim`.

PyTorch then guesses the dim from the number of dims, 0 for three of them: on `[N, T, C]` it mixes the samples of a
batch. The guess is deprecated.

Write the dim: `softmax(-1)` for the last, `softmax(1)` for the channels.
Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from .context import Context
from .flow import Op
from .registry import lint

CODE = "TN1021"

WRONG = """\
net Attention(scores: float[N, 4, 8]) -> float[N, 4, 8] {
  softmax
}
"""

RIGHT = """\
net Attention(scores: float[N, 4, 8]) -> float[N, 4, 8] {
  softmax(-1)
}
"""

LAYERS = frozenset({"Softmax", "Softmin", "LogSoftmax"})
FUNCTIONS = frozenset({"softmax", "softmin", "log_softmax"})


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for op in (op for flow in context.flows.values() for op in flow.ops if _guesses(op)):
        guess = 0 if len(op.inputs[0].dims) in (0, 1, 3) else 1
        yield warning(
            CODE, f"`{op.name}` without `dim`: PyTorch guesses {guess}", op.node.span,
            help=f"write `{op.name}(-1)` for the last dim, or the one that you mean",
        )  # fmt: skip


def _guesses(op: Op) -> bool:
    if op.name in LAYERS and op.layer is not None:
        return op.layer.prototype.dim is None
    if op.name not in FUNCTIONS or op.node.op != "function":
        return False
    return len(op.node.args) == 1 and op.node.kwargs.get("dim") is None
