"""A module's nodes as a flat row of steps: what is kept for run time is framed by steps of its own.

if … else … end      the branches; a "move" at the end of each gives the values after the "end" theirs
for … end            the rounds; a "move" at the end of one gives the values of the next theirs
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..ir import graph as ir
from ..shapes import round_number
from . import expressions as py
from .nodes import SELF, TRAINING, Converter

CONTROL = frozenset({"if", "else", "for", "move", "end"})
DEEPEST_CHOICE = 4
NOTHING = py.Items("", ())


@dataclass(frozen=True)
class Step:
    """A node: `targets = expr`. `node` is one instance's node; None for what only frames others."""

    op: str
    expr: py.Expr
    targets: py.Expr
    node: ir.Node | None = field(compare=False)
    content: py.Expr | None = None  # what a `set_index` writes, where an update writes, what a `for` starts with


class Flattener:
    """`copied` are the reads of buffers that are changed in place while what was read is still in use."""

    def __init__(self, converter: Converter, copied: set[ir.Value]):
        self.converter = converter
        self.copied = copied

    def steps(self, nodes: list[ir.Node]) -> Iterator[Step]:
        for node in nodes:
            match node.op:
                case "loop":
                    yield from self._loop(node)
                case "if":
                    yield from self._choice(node)
                case "conditional":
                    yield from self._expression(node) or self._choice(node)
                case "update":
                    yield self._update(node)
                case _:
                    yield self._plain(node)

    def _plain(self, node: ir.Node) -> Step:
        expr = self.converter.node(node)
        if node.op == "read" and node.result in self.copied:
            return Step("copy", py.Call(py.Attribute(expr, "clone")), self.converter.targets(node.result), node)
        content = self.converter.argument(node.args[2], "value") if node.op == "set_index" else None
        return Step(node.op, expr, self.converter.targets(node.result), node, content)

    def _update(self, node: ir.Node) -> Step:
        op, content, *place = node.args
        buffer: py.Expr = py.Attribute(SELF, node.target)
        if place:
            buffer = py.Index(buffer, tuple(self.converter.argument(each, "index") for each in place[0]))
        value = self.converter.argument(content, "value", node.target)
        if op == "=" and not place:
            method = "copy_" if isinstance(content, ir.Value) else "fill_"
            return Step("update", py.Call(py.Attribute(buffer, method), (value,)), NOTHING, node)
        return Step(f"update {op}", value, NOTHING, node, buffer)

    # ---- branches ------------------------------------------------------------------------------------------------

    def _choice(self, node: ir.Node) -> Iterator[Step]:
        merged = self._items(tuple(map(self.converter.number, node.result)))
        yield Step("if", TRAINING, NOTHING, None)
        for number, body in enumerate(node.bodies):
            if number:
                yield Step("else", NOTHING, NOTHING, None)
            with self._own_sizes():
                yield from self.steps(body.nodes)
                yield self._move(body, merged)
        for ref, value in zip(merged.items, node.result, strict=True):
            self.converter.sizes.define(ref.index, value.type)
        yield Step("end", NOTHING, merged, None)

    def _expression(self, node: ir.Node) -> list[Step] | None:
        """The one step `a if self.training else b`, or None where a branch is more than an expression."""
        if len(node.result) != 1:
            return None
        with self._own_sizes():
            then, otherwise = map(self._one_expression, node.bodies)
        if then is None or otherwise is None:
            return None
        expr = py.Conditional(then, TRAINING, otherwise)
        return [Step("conditional", expr, self.converter.targets(node.result[0]), node)]

    def _one_expression(self, body: ir.Branch) -> py.Expr | None:
        """A branch's nodes, each put where the next uses it; None where that would change their order."""
        reads: dict[int, py.Expr] = {}
        waiting: list[tuple[int, py.Expr]] = []
        own: set[int] = set()
        for node in body.nodes:
            if (
                node.op in ("set_index", "update", "conditional")
                or node.bodies
                or not isinstance(node.result, ir.Value)
            ):
                return None
            expr = self.converter.node(node)
            target = self.converter.define(node.result).index
            if node.op == "read" and node.result not in self.copied:
                reads[target] = expr
                continue
            expr = self._filled(expr, reads, waiting)
            waiting.append((target, expr))
            own.add(target)
        result = self._filled(self.converter.argument(body.result[0]), reads, waiting)
        again = any(isinstance(part, py.Ref) and part.index in own for part in py.parts(result))
        return None if waiting or again or py.depth(result) > DEEPEST_CHOICE else result

    def _filled(self, expr: py.Expr, reads: dict[int, py.Expr], waiting: list[tuple[int, py.Expr]]) -> py.Expr:
        """The expression with what it reads in place; from the end of `waiting` is taken what it uses in that order."""
        used = [part.index for part in py.parts(expr) if isinstance(part, py.Ref)]
        places = dict(waiting)
        inner = [index for index in used if index in places]
        if inner != [index for index, _ in waiting[len(waiting) - len(inner) :]]:
            return expr  # something stays waiting, so that the whole is no expression
        del waiting[len(waiting) - len(inner) :]
        known = {**reads, **{index: places[index] for index in inner}}
        return py.rewrite(expr, lambda part: known.get(part.index) if isinstance(part, py.Ref) else None)

    # ---- rounds --------------------------------------------------------------------------------------------------

    def _loop(self, node: ir.Node) -> Iterator[Step]:
        (body,) = node.bodies
        bounds, *given = node.args
        initial = self._items(tuple(map(self.converter.argument, given)))
        times = self._drawn(bounds) if node.target == "random" else self._range(bounds)
        outer = dict(self.converter.sizes.inputs)
        with self._own_sizes():
            variable = () if body.variable is None else (self.converter.number(body.variable),)
            for ref in variable:
                self.converter.sizes.inputs[round_number(body.variable.name)] = ref
            params = self._items(tuple(map(self.converter.number, body.inputs)))
            yield Step("for", times, self._items((*variable, *params.items)), node, initial)
            yield from self.steps(body.nodes)
            yield self._move(body, params)
        self.converter.sizes.inputs = outer
        yield Step("end", NOTHING, self._items(tuple(map(self.converter.define, node.result))), None)

    def _drawn(self, bounds: tuple[int, int]) -> py.Expr:
        low, high = (py.Literal(bound, hint) for bound, hint in zip(bounds, ("least", "most"), strict=True))
        drawn = py.Call(py.Path("torch.randint"), (low, high, py.Code("()")))
        return py.Call(py.Path("builtins.range"), (py.Call(py.Attribute(drawn, "item")),))

    def _range(self, bounds: tuple) -> py.Expr:
        start, stop, step = bounds
        written = (stop,) if (start, step) == (0, 1) else (start, stop) if step == 1 else bounds
        return py.Call(py.Path("builtins.range"), tuple(self.converter.argument(each, "bound") for each in written))

    # ---- both ----------------------------------------------------------------------------------------------------

    def _move(self, body: ir.Branch, targets: py.Items) -> Step:
        return Step("move", self._items(tuple(map(self.converter.argument, body.result))), targets, None)

    def _items(self, parts: tuple[py.Expr, ...]) -> py.Items:
        return py.Items("", parts)

    @contextmanager
    def _own_sizes(self) -> Iterator[None]:
        """Sizes of what is defined here are not read outside."""
        outer = dict(self.converter.sizes.newer)
        yield
        self.converter.sizes.newer = outer
