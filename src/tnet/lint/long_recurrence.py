"""A recurrent layer over a long sequence.

A recurrent layer goes through its sequence one step after the other, keeps all steps for the backward pass, and its
gradient fades over hundreds of them: memory and time grow with the length, and what lies far back is not learnt. It is
reported from 1,000 steps on.

Shorten the sequence first, as with a strided `Conv1d`, cut it into pieces, or use attention.
Source: Bengio, Simard and Frasconi, Learning long-term dependencies with gradient descent is difficult, 1994.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .flow import Op
from .kinds import RECURRENT
from .registry import lint

CODE = "TN1006"

WRONG = """\
net Audio(wave: float[N, 16000, 1]) -> float[N, 4] {
  y, _ = x -> LSTM(32, batch_first=true)
  x = y[:, -1]
  Linear(4)
}
"""

RIGHT = """\
net Audio(wave: float[N, 1, 16000]) -> float[N, 4] {
  Conv1d(16, 80, stride=40)
  x = x.transpose(1, 2)
  y, _ = x -> LSTM(32, batch_first=true)
  x = y[:, -1]
  Linear(4)
}
"""

LONG = 1000


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for net in context.program.nets.values():
        for op in (op for op in context.flows[net.name].ops if op.name in RECURRENT and op.layer):
            steps = _steps(op, net.symbols)
            if steps >= LONG:
                message = f"`{op.name}` goes through {steps:,} steps one after the other"
                note = Note(f"its input is `{op.inputs[0].type}`")
                help = "shorten the sequence first, as with a strided `Conv1d`, or use attention"
                yield warning(CODE, message, op.node.span, note, help=help)


def _steps(op: Op, hints: Mapping[str, int | None]) -> int:
    """The length of the sequence, as far as sizes and hints tell; else 0."""
    dims = op.inputs[0].dims
    if len(dims) not in (2, 3):
        return 0
    return _number(dims[1 if op.layer.prototype.batch_first and len(dims) == 3 else 0], hints)


def _number(size: Any, hints: Mapping[str, int | None]) -> int:
    if isinstance(size, int):
        return size
    given = {symbol: hints.get(str(symbol)) for symbol in size.free_symbols}
    return 0 if None in given.values() else int(size.subs(given))
