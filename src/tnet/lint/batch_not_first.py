"""A recurrent or attention layer that takes the batch as its sequence.

`LSTM`, `GRU`, `RNN`, `MultiheadAttention` and the transformer layers expect `[T, N, C]` unless `batch_first=true` is
written. Given `[N, T, C]` they run, with the right shapes, along the samples of the batch: each sample then depends on
those before it.

Write `batch_first=true`. Where the first dim is the sequence, call it `T` and the second `N`; `batch_first=false`
says so too.
Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..diagnostics import Diagnostic, Note, warning
from ..ir.graph import Net
from .context import Context
from .flow import Op
from .registry import lint

CODE = "TN1019"

WRONG = """\
net Tagger(v: float[N, T=20, 8]) -> float[N, T, 4] {
  y, _ = x -> LSTM(32)
  x = y
  Linear(4)
}
"""

RIGHT = """\
net Tagger(v: float[N, T=20, 8]) -> float[N, T, 4] {
  y, _ = x -> LSTM(32, batch_first=true)
  x = y
  Linear(4)
}
"""

TAKES_SEQUENCES = re.compile(r"RNN|LSTM|GRU|MultiheadAttention|Transformer\w*")
NAMES_OF_TIME = re.compile(r"(?i)t|l|s|len\w*|seq\w*|time\w*|steps?|length|tokens?")
NAMES_OF_BATCH = re.compile(r"(?i)n|b|bs|bsz|batch\w*|samples?")


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for net in context.program.nets.values():
        for op in context.flows[net.name].ops:
            if op.layer and TAKES_SEQUENCES.fullmatch(op.name) and _first_is_batch(op, net) and not _batch_first(op):
                note = Note(f"its input is `{op.inputs[0].type}`, the batch first")
                message = f"`{op.name}` takes the batch as its sequence"
                yield warning(CODE, message, op.node.span, note, help=f"write `{_with_batch_first(op.node.span.text)}`")


def _first_is_batch(op: Op, net: Net) -> bool:
    """Whether a batched input has the net's batch first, by place and by name."""
    dims, first = op.inputs[0].dims, getattr(net.root.inputs[0].type, "dims", ())
    if len(dims) != 3 or not first or dims[0] != first[0] or dims[1] == first[0]:
        return False
    return not _named(dims[0], NAMES_OF_TIME) and not _named(dims[1], NAMES_OF_BATCH)


def _named(size: Any, names: re.Pattern) -> bool:
    return not isinstance(size, int) and names.fullmatch(str(size)) is not None


def _batch_first(op: Op) -> bool:
    """Whether the layer takes the batch first; also what is written as `false` is meant."""
    if any(each.name == "batch_first" for each in op.layer.arguments):
        return True
    return next((each.batch_first for each in op.layer.prototype.modules() if hasattr(each, "batch_first")), True)


def _with_batch_first(written: str) -> str:
    return f"{written[:-1]}, batch_first=true)" if written.endswith(")") else f"{written}(batch_first=true)"
