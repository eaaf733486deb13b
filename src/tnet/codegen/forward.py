"""The text of a `forward`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..source import Span
from . import expressions as py
from .classes import Class
from .comments import Shapes
from .conditions import Test, test_lines
from .loops import Loop, loop_lines
from .memory import Meter, worth_deleting
from .naming import Namer
from .paths import Named, name_of
from .printing import INDENT, Printer, with_comment
from .statements import Statement, refs, statements_of
from .steps import CONTROL
from .suites import Suite


class StepLine(str):
    """A line of source with the place of the step that it does."""

    span: Span

    @classmethod
    def of(cls, line: str, span: Span) -> StepLine:
        made = cls(line)
        made.span = span
        return made


class Forward:
    """Prints the forward of a class, a level deep.

    `fill` puts arguments in the place of literals; `known` has what sizes are read as that are no local names.
    """

    def __init__(
        self,
        cls: Class,
        shapes: Shapes,
        printer: Printer,
        taken: set[str],
        tests: Sequence[Test] = (),
        fill: Callable | None = None,
        known: Mapping[tuple[int, int], str] | None = None,
    ):
        self.cls = cls
        self.shapes = shapes
        self.printer = printer
        statements = [] if cls.body.loop else statements_of(cls.body, fill or cls.unified.forward, printer)
        self.tests = tests
        sizes = tuple(size for test in tests for size in test.sizes)
        keep = worth_deleting(cls.bodies, [statement.steps for statement in statements], Meter(shapes.hints))
        self.namer = Namer(cls.body, statements, taken, sizes, keep, known)
        self.inputs, self.sizes, self.named = self.namer.run()

    def lines(self) -> list[str]:
        return [self.signature("forward", ["self", *self.inputs]), *self.content()]

    def signature(self, name: str, parameters: Sequence[str], own: int | None = None) -> str:
        """The first line, with the shapes of the first `own` inputs."""
        return with_comment(f"{INDENT}def {name}({', '.join(parameters)}):", self._input_shapes(self.inputs[:own]))

    def content(self) -> list[str]:
        """The lines of the body."""
        if self.cls.body.loop:
            return self._loop(self.cls.body.loop, self.inputs)
        lines = [self._size_line(self.inputs[index], index, axes) for index, axes in self.sizes.items()]
        for test in self.tests:
            lines += test_lines(test, self._sizes_of_inputs, self.printer)
        return [*lines, *Suite(self.named, self._statement, self.printer).lines(2)]

    def _loop(self, loop: Loop, inputs: list[str]) -> list[str]:
        given = self.shapes.of(len(inputs))
        return loop_lines(loop, inputs, given if given and given != self.shapes.of(0) else "")

    def _input_shapes(self, inputs: list[str]) -> str:
        shapes = {name: shape for index, name in enumerate(inputs) if (shape := self.shapes.of(index))}
        if len(inputs) == 1:
            return next(iter(shapes.values()), "")
        return ", ".join(f"{name} {shape}" for name, shape in shapes.items())

    def _sizes_of_inputs(self, expr: py.Expr) -> py.Expr:
        return py.rewrite(expr, lambda part: name_of(part, {}, self.namer.locals))

    def _size_line(self, name: str, index: int, axes: dict[int, str], depth: int = 2) -> str:
        rank = len(self.cls.body.values[index].type.dims)
        targets = ", ".join(axes.values())
        count, known = len(axes), list(axes)
        if count == rank > 1:
            sizes = f"{name}.shape"
        elif count > 1 and known == list(range(count)):
            sizes = f"{name}.shape[:{count}]"
        elif count > 1 and known == list(range(rank - count, rank)):
            sizes = f"{name}.shape[{rank - count}:]"
        else:
            sizes = ", ".join(f"{name}.shape[{axis}]" for axis in known)
        return f"{INDENT * depth}{targets} = {sizes}"

    def _statement(self, named: Named, depth: int) -> list[str]:
        """A statement with what stands around it; of one that frames others only that."""
        lines = [f"{INDENT * depth}{alias} = {name}" for alias, name in named.before]
        if named.statement.op not in CONTROL:
            lines += self._marked(named, depth)
        for index, axes in named.sizes:
            lines.append(self._size_line(named.names[index], index, axes, depth))
        if named.dead:
            lines.append(f"{INDENT * depth}del {', '.join(named.dead)}")
        return lines

    def _marked(self, named: Named, depth: int) -> list[str]:
        lines = self._main_lines(named, depth)
        nodes = (self.cls.body.steps[number].node for number in reversed(named.statement.steps))
        span = next((node.span for node in nodes if node is not None), None)
        return [StepLine.of(line, span) for line in lines] if span else lines

    def _main_lines(self, named: Named, depth: int) -> list[str]:
        statement = named.statement
        expr = named.fill(statement.expr)
        if statement.op == "return":
            lines = self.printer.lines("return ", expr, depth=depth)
        elif statement.op == "set_index":
            return self._write_lines(named, depth)
        elif statement.op == "save" or statement.op.startswith("update"):
            return self._update_lines(named, depth)
        elif statement.target is not None and not self.namer.is_read(statement.target):
            lines = self.printer.lines("", expr, depth=depth)
        else:
            targets = named.fill(statement.targets)
            if isinstance(targets, py.Items):
                targets = py.Items("", targets.items)
            lines = self.printer.lines(f"{self.printer.text(targets)} = ", expr, depth=depth)
        return [*lines[:-1], with_comment(lines[-1], self._result_shapes(statement))]

    def _update_lines(self, named: Named, depth: int) -> list[str]:
        """A write into a buffer in place, or a call for what it does."""
        statement = named.statement
        value = named.fill(statement.expr)
        if statement.content is None:
            return self.printer.lines("", value, depth=depth)
        place = self.printer.text(named.fill(statement.content))
        return self.printer.lines(f"{place} {statement.op.partition(' ')[2]} ", value, depth=depth)

    def _write_lines(self, named: Named, depth: int) -> list[str]:
        """A changed copy: the copy, then the write into it."""
        statement = named.statement
        name = named.names[statement.target]
        before = self.printer.text(named.fill(statement.expr.value))
        place = self.printer.text(py.Index(py.Code(name), named.fill(statement.expr.subscripts)))
        write = self.printer.lines(f"{place} = ", named.fill(statement.content), depth=depth)
        return [f"{INDENT * depth}{name} = {before}.clone()", *write]

    def _result_shapes(self, statement: Statement) -> str:
        """The shapes of what the statement gives, where they are not those of what it is given."""
        if statement.op == "return":
            found = refs(self.cls.body.result)
        else:
            found = [index for index in statement.defined if index in self.namer.last_use]
        shapes = [shape for index in found if (shape := self.shapes.of(index))]
        if {self.shapes.of(index) for index in refs(statement.read())}.issuperset(shapes):
            return ""
        if len(shapes) > 1 and len(set(shapes)) == 1:
            return f"{len(shapes)} x {shapes[0]}"
        return ", ".join(shapes)
