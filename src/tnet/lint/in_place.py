"""A function in place on a value that is needed as it was.

`ReLU(inplace=true)` writes over its input. Where the operation before keeps its result for its gradient (a sigmoid, a
softmax, a ReLU that is not in place), or another one keeps the same input for its own, the backward pass stops with
"one of the variables needed for gradient computation has been modified". And what uses the input after it sees the
changed values, without any error.

Leave `inplace=true` out.
Source: https://docs.pytorch.org/docs/stable/notes/autograd.html (in-place correctness checks)
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .flow import Flow, Op, Tensor, destinations, origin
from .kinds import BATCH_NORMS, WEIGHTED
from .registry import lint

CODE = "TN1015"

WRONG = """\
net Small(v: float[N, 8]) -> float[N, 8] {
  Linear(8)
  identity = x
  ReLU(inplace=true)
  Linear(8)
  x += identity
}
"""

RIGHT = """\
net Small(v: float[N, 8]) -> float[N, 8] {
  Linear(8)
  identity = x
  ReLU
  Linear(8)
  x += identity
}
"""

KEEP_RESULT = frozenset(
    "Sigmoid sigmoid Tanh tanh Softmax softmax LogSoftmax log_softmax Softmin softmin ReLU relu exp expm1 sqrt rsqrt"
    " reciprocal tan".split()
)
"""What keeps its result for its gradient: found by trying, as are those below."""
KEEP_INPUT = WEIGHTED | BATCH_NORMS | frozenset(
    "LayerNorm GroupNorm Softplus softplus ELU elu SELU selu CELU celu LeakyReLU leaky_relu ReLU6 relu6 Hardtanh"
    " hardtanh Hardswish hardswish Hardsigmoid hardsigmoid SiLU silu GELU gelu Mish mish log sin cos abs square erf"
    " pow clamp matmul @ bmm MaxPool1d MaxPool2d MaxPool3d max_pool1d max_pool2d max_pool3d".split()
)  # fmt: skip


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for flow in context.flows.values():
        for op in (op for op in flow.ops if _in_place(op) and op.inputs):
            base = origin(op.inputs[0])
            reason = _kept_result(base) or _other_use(op, base, flow)
            if reason:
                message = f"`{op.name}` in place changes a value that is needed as it was"
                yield warning(CODE, message, op.node.span, reason, help="leave `inplace=true` out")


def _in_place(op: Op) -> bool:
    if op.layer is not None:
        return getattr(op.layer.prototype, "inplace", False) is True
    return op.node.kwargs.get("inplace") is True


def _kept_result(base: Tensor) -> Note | None:
    maker = base.maker
    if maker and maker.name in KEEP_RESULT and not _in_place(maker):
        return Note(f"`{maker.name}` keeps its result for its gradient", maker.node.span)
    return None


def _other_use(op: Op, base: Tensor, flow: Flow) -> Note | None:
    """Another operation that uses the tensor or a view of it: before this one if it keeps it, or after it."""
    if any(origin(each) is base for each in flow.outputs):
        return Note("the value itself is an output of the net", base.maker and base.maker.node.span)
    for other in sorted(destinations(base), key=lambda each: each.number):
        if other is not op and (other.number > op.number or other.name in KEEP_INPUT) and not _in_place(other):
            return Note(f"`{other.name}` uses the value that it had", other.node.span)
    return None
