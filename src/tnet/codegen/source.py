"""The generated file: docstring, imports, classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..ir import graph as ir
from ..source import Span
from . import expressions as py
from .bodies import LIST, SEQUENTIAL, Declaration
from .classes import Class, FunctionClass, classes_of
from .comments import Shapes, notes
from .conditions import tests_of
from .docstrings import docstring
from .forward import Forward, StepLine
from .function_text import FunctionPrinter
from .helpers import REPLACE, helpers
from .imports import Imports
from .naming import ALWAYS_TAKEN
from .nodes import SELF, submodule
from .printing import INDENT, Printer

FILLED = {"zeros": "torch.zeros", "ones": "torch.ones"}
"""Initialisations that a function of torch gives at once."""


def generate(net: ir.Net) -> str:
    """The PyTorch source of a net, whose class has the net's name. The same net gives the same text."""
    return "\n".join(_lines(net)) + "\n"


def spans_of_lines(net: ir.Net) -> dict[int, Span]:
    """The places in the spec of those lines of a net's source, counted from 1, that do a step of it."""
    return {number: line.span for number, line in enumerate(_lines(net), 1) if isinstance(line, StepLine)}


def _lines(net: ir.Net) -> list[str]:
    classes = classes_of(net.root, set(ALWAYS_TAKEN))
    imports = Imports({cls.name for cls in classes})
    printer = Printer(imports)
    for part in py.parts(tuple(expr for cls in classes for expr in cls.body.expressions())):
        if isinstance(part, py.Path):
            imports.name(part.path)  # known before values are named, so that no value hides one
    printed = [list(printer_of(cls)(cls, net, printer).lines()) for cls in classes]
    head = "\n".join(docstring(f"{net.name}, generated from a spec.{_hints(net)}"))
    defined = list(helpers(["\n".join(lines) for lines in printed], imports))
    lines = "\n\n\n".join(["\n\n".join([head, imports.text()]), *defined]).split("\n")
    for each in printed:
        lines += ["", "", *each]
    return lines


def printer_of(cls: Class) -> type[ClassPrinter | FunctionPrinter]:
    return FunctionPrinter if isinstance(cls, FunctionClass) else ClassPrinter


def _hints(net: ir.Net) -> str:
    """At which sizes the shape comments are, and whether the net is one graph."""
    sizes = [f"{name}={size}" for name, size in net.symbols.items() if size is not None]
    shapes = f" Shapes are at {', '.join(sizes)}." if sizes else ""
    drawn = " Its depth is drawn at each pass, so it is no full graph." if net.random_repeats else ""
    packed = " It packs sequences by their lengths, so it is no full graph." if net.packs_sequences else ""
    return shapes + drawn + packed


class ClassPrinter:
    """Prints one class."""

    def __init__(self, cls: Class, net: ir.Net, printer: Printer):
        self.cls = cls
        self.net = net
        self.body = cls.body
        self.printer = printer
        self.taken = printer.imports.taken | printer.imports.bound
        self.fill: Callable = cls.unified.constructor
        self.shapes = Shapes(cls, net.symbols)
        printer.notes = notes(self.shapes)

    def lines(self) -> list[str]:
        head = f"class {self.cls.name}({self.printer.imports.name(self.body.base)}):"
        parts = [self._docstring(), self._init(), self._forward()]
        filled = [part for part in parts if part]
        lines = [head]
        for position, part in enumerate(filled):
            lines += [*([""] if position else []), *part]
        return lines

    def _docstring(self) -> list[str]:
        doc = self.body.module.doc or (self.net.doc if self.body.module is self.net.root else "")
        return docstring(doc, INDENT) if doc else []

    def _init(self) -> list[str]:
        arguments = [argument.name for argument in self.cls.unified.arguments]
        content = [*self._stored(), *self._declared(), *self._children()]
        if self.body.base in (SEQUENTIAL, LIST):
            children = tuple(self.fill(expr) for _, expr in self.body.children)
            items = children if self.body.base == SEQUENTIAL else (py.Items("[", children),)
            start = self.printer.lines("", py.Call(py.Code("super().__init__"), items), depth=2)
        else:
            start = [f"{INDENT * 2}super().__init__()"]
        if not content and len(start) == 1 and start[0].endswith("__init__()"):
            return []
        return [f"{INDENT}def __init__({', '.join(['self', *arguments])}):", *start, *content]

    def _stored(self) -> Iterator[str]:
        """Arguments that forward reads."""
        for argument in self.cls.unified.arguments:
            if argument.stored:
                yield f"{INDENT * 2}self.{argument.name} = {argument.name}"

    def _children(self) -> Iterator[str]:
        for name, expr in self.body.children:
            if name.isidentifier() and isinstance(expr, py.Call) and expr.function == REPLACE:
                yield from self._model(name, *expr.arguments)
            elif name.isidentifier():
                yield from self.printer.lines(f"self.{name} = ", self.fill(expr), depth=2)
            elif name:
                call = py.Call(py.Code("self.add_module"), (py.Literal(name), self.fill(expr)))
                yield from self.printer.lines("", call, depth=2)

    def _model(self, name: str, model: py.Expr, replaced: py.Pairs) -> Iterator[str]:
        """A model, then an assignment for each submodule that is replaced."""
        yield from self.printer.lines(f"self.{name} = ", self.fill(model), depth=2)
        for path, expr in replaced.items:
            if isinstance(path, py.Literal):
                call = py.Call(py.Attribute(submodule([name]), "set_submodule"), (path, expr))
                yield from self.printer.lines("", self.fill(call), depth=2)
                continue
            place = self.printer.text(submodule([name, *path.text[1:-1].split(".")]))
            yield from self.printer.lines(f"{place} = ", self.fill(expr), depth=2)

    def _declared(self) -> Iterator[str]:
        for declaration in self.body.declarations:
            yield from self._declaration(declaration)

    def _declaration(self, declaration: Declaration) -> Iterator[str]:
        before, value, after = self._initial(declaration)
        yield from before
        if declaration.kind == "parameter":
            parameter = py.Call(py.Path("torch.nn.Parameter"), (value,))
            yield from self.printer.lines(f"self.{declaration.name} = ", parameter, depth=2)
        else:
            transient = () if declaration.persistent else (py.Keyword("persistent", py.Literal(False)),)
            call = py.Call(py.Code("self.register_buffer"), (py.Literal(declaration.name), value, *transient))
            yield from self.printer.lines("", call, depth=2)
        yield from after

    def _initial(self, declaration: Declaration) -> tuple[list[str], py.Expr, list[str]]:
        """Lines before, the first value, lines after."""
        if declaration.body is not None:
            from .initial import initial_value

            taken = self.taken | {argument.name for argument in self.cls.unified.arguments}
            lines, value = initial_value(declaration.body, self.fill, self.printer, taken)
            return lines, value, []
        filled = FILLED.get(declaration.init) if not declaration.arguments else None
        dtype = () if declaration.dtype == "float32" else (py.Keyword("dtype", py.Path(f"torch.{declaration.dtype}")),)
        sizes = declaration.sizes.items or (py.Code("()"),)
        value = py.Call(py.Path(filled or "torch.empty"), (*self.fill(sizes), *dtype))
        if filled:
            return [], value, []
        tensor = py.Attribute(SELF, declaration.name)
        init = py.Call(py.Path(f"torch.nn.init.{declaration.init}_"), (tensor, *self.fill(declaration.arguments)))
        return [], value, self.printer.lines("", init, depth=2)

    def _forward(self) -> list[str]:
        if self.body.base == SEQUENTIAL:
            return []
        tests = tests_of(self.net, self.printer) if self.body.module is self.net.root else ()
        return Forward(self.cls, self.shapes, self.printer, self.taken, tests).lines()
