"""What a net needs of its symbolic sizes, tested when it is entered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..ir import graph as ir
from . import expressions as py
from .printing import INDENT, Printer
from .sizes import Sizes, as_python

OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class Test:
    """`if test: raise ValueError(f"{said} is needed, got {names} = …")`, over sizes of the inputs."""

    test: py.Expr
    said: str
    names: tuple[str, ...]
    sizes: tuple[py.Expr, ...]


def tests_of(net: ir.Net, printer: Printer) -> list[Test]:
    """What the net's forward tests first."""
    sizes = Sizes(value.type for value in net.root.inputs)
    return [found for condition in net.conditions if (found := _test(condition.relation, sizes, printer))]


def _test(relation: Any, sizes: Sizes, printer: Printer) -> Test | None:
    holds = sizes.python(relation)
    if not isinstance(holds, py.Binary) or holds.op not in OPPOSITES:
        return None
    symbols = sorted(relation.free_symbols, key=str)
    said = printer.text(as_python(relation, lambda size: py.Code(size.name) if size.is_Symbol else None))
    fails = py.Binary(OPPOSITES[holds.op], holds.left, holds.right)
    return Test(fails, said, tuple(map(str, symbols)), tuple(map(sizes.python, symbols)))


def test_lines(test: Test, fill: Callable[[Any], Any], printer: Printer) -> Iterator[str]:
    """The statement; `fill` names sizes."""
    got = ", ".join(
        f"{name} = {{{printer.text(fill(size))}}}" for name, size in zip(test.names, test.sizes, strict=True)
    )
    yield f"{INDENT * 2}if {printer.text(fill(test.test))}:"
    yield f'{INDENT * 3}raise ValueError(f"{test.said} is needed, got {got}")'
