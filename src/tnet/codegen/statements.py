"""From steps to statements: an intermediate result that is used once, right away, may stand where it is used.

Inlining never changes the order in which anything is computed, and follows the spec: what is written there as one
expression stays one expression, what is a step on its own line is a statement of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..ir import graph as ir
from . import expressions as py
from .bodies import Body
from .printing import Printer

WIDEST = 96
DEEPEST_NESTED = 4
DEEPEST_ROW = 3
FLOW = "x"
NEAR = 40  # how many steps after a part of an expression the whole may come


@dataclass(eq=False)
class Statement:
    """`targets = expr`, or `return expr` where there are no targets.

    `steps` are the steps that it does, by number, in order; `heavy`: a layer with parameters is one of them. `part_of`
    is the name for what this computes if it is part of a longer expression or row of steps, else None.
    """

    op: str
    expr: py.Expr
    targets: py.Expr | None
    node: ir.Node | None = None
    content: py.Expr | None = None
    heavy: bool = False
    steps: list[int] = field(default_factory=list)
    part_of: str | None = None
    used: list[int] = field(default_factory=list)

    @property
    def target(self) -> int | None:
        """The number of the one value that this gives."""
        return self.targets.index if isinstance(self.targets, py.Ref) else None

    @property
    def defined(self) -> list[int]:
        return refs(self.targets)

    def read(self) -> tuple[Any, ...]:
        """All that the statement evaluates."""
        return (self.content, self.expr) if self.content is not None else (self.expr,)


def refs(expr: Any) -> list[int]:
    """The values that an expression reads, in the order of evaluation."""
    return [part.index for part in py.parts(expr) if isinstance(part, py.Ref)] if expr is not None else []


def statements_of(body: Body, fill: Any, printer: Printer) -> list[Statement]:
    """The statements of a forward, ending with its `return`. `fill` puts arguments in the place of literals."""
    reads: dict[int, py.Expr] = {}

    def substitute(part: Any) -> Any:
        return reads.get(part.index) if isinstance(part, py.Ref) else None

    single: list[Statement] = []
    for number, step in enumerate(body.steps):
        expr, content = (each and py.rewrite(fill(each), substitute) for each in (step.expr, step.content))
        if step.op == "read":
            reads[step.targets.index] = expr
            continue
        heavy = step.op == "apply" and has_parameters(body.module.children[step.node.target])
        single.append(Statement(step.op, expr, step.targets, step.node, content, heavy, [number]))
    single.append(Statement("return", py.rewrite(fill(body.result), substitute), None))
    _mark_parts(single, body)
    return Inliner(body, single, printer).run()


def has_parameters(child: ir.Layer | ir.Module) -> bool:
    if isinstance(child, ir.Layer):
        return next(child.prototype.parameters(), None) is not None
    return bool(child.parameters) or any(map(has_parameters, child.children.values()))


def _mark_parts(statements: list[Statement], body: Body) -> None:
    """Find what is part of a longer expression: its place lies in that of a later node, or its row ends in a name."""
    for position in range(len(statements) - 2, -1, -1):
        statement = statements[position]
        following = statements[position + 1]
        if statement.target is None or body.values[statement.target].name != FLOW:
            continue
        if None not in (statement.node, following.node) and is_row(statement.node, following.node):
            end = body.values[following.target].name if following.target is not None else FLOW
            statement.part_of = end if end != FLOW else following.part_of
        if statement.part_of is None and any(
            is_inside(statement.node, later.node) for later in statements[position + 1 : position + NEAR]
        ):
            statement.part_of = ""


def is_inside(inner: ir.Node | None, outer: ir.Node | None) -> bool:
    """Whether the spec has one node's text within the other's."""
    if inner is None or outer is None or inner.span is None or outer.span is None:
        return False
    a, b = inner.span, outer.span
    return a.source is b.source and b.start <= a.start and a.end <= b.end and (a.start, a.end) != (b.start, b.end)


def is_row(first: ir.Node, second: ir.Node) -> bool:
    """Whether the spec has `first -> second`, perhaps with a label."""
    a, b = first.span, second.span
    if a is None or b is None or a.source is not b.source or a.end > b.start:
        return False
    between = a.source.text[a.end : b.start].strip()
    return between == "->" or between.startswith("->") and between.endswith(":") and between.count("->") == 1


class Inliner:
    """Walks the statements once; `pending` are those that the next ones may still take in."""

    def __init__(self, body: Body, statements: list[Statement], printer: Printer):
        self.body = body
        self.statements = statements
        self.printer = printer
        self.uses = Counter(index for statement in statements for index in refs(statement.read()))
        self.sizes = Counter(part for each in statements for part in py.parts(each.read()) if isinstance(part, py.Dim))
        self.measured = {part.index for part in self.sizes}  # a size is read of a name
        self.pending: list[Statement] = []
        self.done: list[Statement] = []

    def run(self) -> list[Statement]:
        for statement in self.statements:
            self._take_in(statement)
            alone = self.uses[statement.target] == 1 and statement.target not in self.measured
            if statement.target is not None and alone and statement.op != "set_index":
                self.pending.append(statement)
            else:
                self._flush(statement)
        for statement in self.done:
            statement.used = refs(statement.read())
        return self.done

    def _flush(self, statement: Statement) -> None:
        self.done += [*self.pending, statement]
        self.pending.clear()

    def _take_in(self, statement: Statement) -> None:
        """Put the last pending results where the statement uses them, as long as the order stays."""
        if statement.op == "set_index":
            return
        place = {index: at for at, index in enumerate(refs(statement.expr))}
        before = len(place) + 1
        while self.pending and place.get(self.pending[-1].target, before) < before:
            last = self.pending[-1]
            before = place[last.target]
            whole = _put(statement.expr, last)
            if not self._reads_better(last, statement, whole):
                return
            self.pending.pop()
            statement.expr = whole
            statement.heavy |= last.heavy
            statement.steps = last.steps + statement.steps

    def _reads_better(self, inner: Statement, outer: Statement, whole: py.Expr) -> bool:
        if outer.op == "return":
            return isinstance(outer.expr, py.Ref) or self._is_flow(inner) and self._width(outer, whole) <= WIDEST
        if self._width(outer, whole) > WIDEST:
            return False
        if is_inside(inner.node, outer.node):
            return py.depth(whole) <= DEEPEST_NESTED
        return inner.part_of is not None and py.depth(whole) <= DEEPEST_ROW

    def _is_flow(self, statement: Statement) -> bool:
        return self.body.values[statement.target].name == FLOW

    def _width(self, statement: Statement, expr: py.Expr) -> int:
        """About how wide the statement will be, indented, without its comment."""

        def name(part: Any) -> Any:
            if isinstance(part, py.Ref):
                return py.Code(self.body.values[part.index].name)
            if isinstance(part, py.Dim):
                return py.Code("N" if self.sizes[part] > 1 else "x.shape[0]")
            return None

        targets = (
            py.Items("", statement.targets.items) if isinstance(statement.targets, py.Items) else statement.targets
        )
        shown = (targets or py.Code("return"), expr)
        return 11 + sum(len(self.printer.text(py.rewrite(each, name))) for each in shown)


def _put(expr: py.Expr, inner: Statement) -> py.Expr:
    def replace(part: Any) -> Any:
        return inner.expr if isinstance(part, py.Ref) and part.index == inner.target else None

    return py.rewrite(expr, replace)
