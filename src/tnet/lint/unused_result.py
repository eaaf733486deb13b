"""A step whose result is never used.

The body returns something else, or `x` is bound again before it is read. The step costs its time in each pass, and a
layer in it is never trained.

Remove the step, or return what it gives.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from ..ir.graph import Layer
from ..source import Span
from .context import Context
from .flow import Flow, Op
from .registry import lint
from .unused_value import unread

CODE = "TN1012"

WRONG = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  y = x -> Linear(2)
  Linear(4)
  return y
}
"""

RIGHT = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(4)
  y = x -> Linear(2)
  return y
}
"""

STEPS = frozenset({"apply", "function", "method", "operator"})


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    named = [statement.span for _, statement, _ in unread(context.tree)]
    unused: dict[Span, Op] = {}
    used: set[Span | Layer | None] = {None}
    for flow in context.flows.values():
        for op in (op for op in flow.ops if op.node.op in STEPS and op.outputs):  # `x.size(0)` gives no tensor
            if _is_used(op, flow):
                used |= {op.node.span, op.layer}
            else:
                unused.setdefault(op.node.span, op)
    for span, op in unused.items():
        applied_again = op.layer is not None and op.layer in used
        if span not in used and not applied_again and not any(_within(span, statement) for statement in named):
            help = "remove it, or return what it gives"
            yield warning(CODE, f"the result of `{op.name}` is never used", span, help=help)


def _is_used(op: Op, flow: Flow) -> bool:
    return any(each.users or each in flow.outputs for each in op.outputs)


def _within(span: Span, statement: Span) -> bool:
    return span.source is statement.source and statement.start <= span.start and span.end <= statement.end
