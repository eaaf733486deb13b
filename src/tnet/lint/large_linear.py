"""A linear layer that is most of the model's memory.

`Linear` holds a weight for each pair of an input and an output. After `flatten` of a large feature map these are
millions: the layer then fills the memory, with its gradient and the optimizer's state three to four times, and
overfits. It is reported where one layer takes 32 MB and four fifths of the model.

Pool the map before it is flattened, as with `AdaptiveAvgPool2d(1)`, or go through a narrower layer.
Source: Lin, Chen and Yan, Network in network, ICLR 2014, section 3.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from ..ir.graph import Net
from ..ir.sites import parameters
from .context import Context
from .flow import Flow, Op, origin
from .registry import lint

CODE = "TN1005"

WRONG = """\
net Large(image: float[N, 3, 224, 224]) -> float[N, 10] {
  Conv2d(32, 3, padding=1)
  ReLU
  flatten(1)
  Linear(16)
  ReLU
  Linear(10)
}
"""

RIGHT = """\
net Small(image: float[N, 3, 224, 224]) -> float[N, 10] {
  Conv2d(32, 3, padding=1)
  ReLU
  AdaptiveAvgPool2d(1)
  flatten(1)
  Linear(16)
  ReLU
  Linear(10)
}
"""

LEAST_BYTES = 32_000_000
LEAST_SHARE = 0.8  # the first linear layers of AlexNet and VGG are below


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for net in context.program.nets.values():
        yield from _in(net, context.flows[net.name])


def _in(net: Net, flow: Flow) -> Iterator[Diagnostic]:
    total = sum(math.prod(site.shape) for site in parameters(net.root))
    for op in (op for op in flow.ops if op.name == "Linear" and op.layer):
        weight = op.layer.prototype.weight
        size, share = weight.numel() * weight.element_size(), weight.numel() / total
        if size >= LEAST_BYTES and share >= LEAST_SHARE:
            sizes = f"{weight.shape[1]:,} inputs for each of {weight.shape[0]:,} outputs"
            message = f"this `Linear` is {size / 1e6:,.0f} MB, {share:.0%} of the model: {sizes}"
            yield warning(CODE, message, op.node.span, help=_advice(op))


def _advice(op: Op) -> str:
    dims = len(origin(op.inputs[0]).dims) - 2
    if 1 <= dims <= 3:
        return f"pool before `flatten`, as with `AdaptiveAvgPool{dims}d(1)`"
    return "go through a narrower layer first, as with `Linear(64)` before it"
