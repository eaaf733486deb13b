"""Initial values of parameters and buffers that are expressions, for `__init__`."""

from __future__ import annotations

from typing import Any

from . import expressions as py
from .bodies import Body
from .naming import Namer
from .printing import Printer
from .statements import statements_of


def initial_value(body: Body, fill: Any, printer: Printer, taken: set[str]) -> tuple[list[str], py.Expr]:
    """Lines that compute what is used more than once, and the value."""
    statements = statements_of(body, fill, printer)
    _, _, named = Namer(body, statements, taken).run()
    lines = []
    for each in named[:-1]:
        targets = printer.text(each.fill(each.statement.targets))
        lines += printer.lines(f"{targets} = ", each.fill(each.statement.expr), depth=2)
    return lines, named[-1].fill(named[-1].statement.expr)
