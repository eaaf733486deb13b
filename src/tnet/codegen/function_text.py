"""The text of a `torch.autograd.Function`.

What `backward` reads is saved by `setup_context`, so that the transforms of `torch.func` work; where it reads more than
inputs and results, `forward` saves it, as only a `forward` with a context can, and the gradient has no gradient itself.
https://docs.pytorch.org/docs/stable/notes/extending.func.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch

from ..ir import graph as ir
from . import expressions as py
from .arguments import Argument
from .autograd import CONTEXT, FunctionBody, returned, values_of
from .bodies import Body
from .classes import Class
from .comments import Shapes
from .docstrings import docstring
from .forward import Forward
from .printing import INDENT, Printer
from .words import clean, unused

RESERVED = frozenset({"ctx", "inputs", "output"})


class FunctionPrinter:
    """Prints one class of a function with its own gradient."""

    def __init__(self, cls: Class, net: ir.Net, printer: Printer):
        self.cls = cls
        self.body: FunctionBody = cls.body
        self.printer = printer
        self.arguments = [argument.name for argument in cls.unified.arguments]
        self.sizes = dict(self._sizes())
        printer.notes = {}
        taken = printer.imports.taken | printer.imports.bound | RESERVED
        forward = [each.forward_body for each in cls.bodies]
        backward = [self._complete(each.backward_body) for each in cls.bodies]
        known = {place: f"ctx.{name}" for place, name in self.sizes.items()}
        self.forward = self._half(forward, net, taken | set(self.arguments), cls.unified.constructor)
        self.backward = self._half(backward, net, taken, lambda expr: cls.unified.fill(expr, _of_context), known)

    def _half(self, bodies: list[Body], net: ir.Net, taken: set[str], fill: Callable, known: Any = None) -> Forward:
        half = Class(self.cls.family, bodies, self.cls.unified)
        return Forward(half, Shapes(half, net.symbols), self.printer, taken, fill=fill, known=known)

    def _complete(self, body: Body) -> Body:
        """The body of `backward` with None as the gradient of each argument."""
        gradients = (*values_of(body.result), *[py.Code("None")] * len(self.arguments))
        return replace(body, result=returned(gradients))

    def _sizes(self) -> Iterator[tuple[tuple[int, int], str]]:
        """The sizes of inputs that `backward` reads where it needs nothing else of the input, with their names."""
        measured, names = dict(self.body.measured), {*self.arguments, *dir(torch.autograd.function.FunctionCtx)}
        parts = py.parts(tuple(self.body.backward_body.forward()))
        for place in dict.fromkeys((part.index, part.axis) for part in parts if isinstance(part, py.Dim)):
            if place[0] in measured:
                symbols = self.body.backward_body.values[place[0]].type.dims[place[1]].free_symbols
                name = unused(clean(str(*symbols)) if len(symbols) == 1 else "size", names)
                names.add(name)
                yield place, name

    def lines(self) -> list[str]:
        name = self.printer.imports.name
        parts = [docstring(doc, INDENT) if (doc := self.body.definition.doc) else []]
        if self.body.has_context:
            once = f"@{name('torch.autograd.function.once_differentiable')}"
            parts += [[*self._forward("ctx")], [*self._backward(once)]]
        else:
            parts += [[f"{INDENT}generate_vmap_rule = True"], [*self._forward()], [*self._setup()], [*self._backward()]]
        lines = [f"class {self.cls.name}({name('torch.autograd.Function')}):"]
        for position, part in enumerate(filter(None, parts)):
            lines += [*([""] if position else []), *part]
        return lines

    def _forward(self, *context: str) -> Iterator[str]:
        yield f"{INDENT}@staticmethod"
        yield self.forward.signature("forward", [*context, *self.forward.inputs, *self.arguments])
        if context:
            yield from (f"{INDENT * 2}{line}" for line in self._kept())
        yield from self.forward.content()

    def _setup(self) -> Iterator[str]:
        """What `backward` needs besides the gradients."""
        yield f"{INDENT}@staticmethod"
        yield f"{INDENT}def setup_context(ctx, inputs, output):"
        yield from (f"{INDENT * 2}{line}" for line in [*self._saved(), *self._kept()] or ["pass"])

    def _saved(self) -> Iterator[str]:
        inputs = self._by_number("input") | set(dict(self.body.measured).values())
        results, count = self._by_number("result"), len(self.body.definition.results)
        kept = self._read_in_backward()
        names = [name if number in inputs else "_" for number, name in enumerate(self.forward.inputs)]
        names += [name if name in kept else "_" for name in self.arguments]
        outputs = [f"output_{number}" if number in results else "_" for number in range(count)]
        if inputs or kept:
            yield f"{_targets(names)} = inputs"
        if results and count > 1:
            yield f"{_targets(outputs)} = output"
        given = {"input": names, "result": outputs if count > 1 else ["output"]}
        if self.body.saved:
            yield f"ctx.save_for_backward({', '.join(given[kind][number] for _, (kind, number) in self.body.saved)})"

    def _by_number(self, kind: str) -> set[int]:
        return {place[1] for _, place in self.body.saved if place[0] == kind}

    def _kept(self) -> Iterator[str]:
        yield from (f"ctx.{name} = {name}" for name in self._read_in_backward())
        for (index, axis), name in self.sizes.items():
            yield f"ctx.{name} = {self.forward.inputs[dict(self.body.measured)[index]]}.shape[{axis}]"

    def _read_in_backward(self) -> list[str]:
        formulas = self.cls.unified.formulas
        literals = py.literals(tuple(self.body.backward_body.forward()))
        read = {argument.name for each in literals if id(each) in formulas for argument in formulas[id(each)].arguments}
        return [name for name in self.arguments if name in read]

    def _backward(self, *decorators: str) -> Iterator[str]:
        own = self.body.definition.backward.own_inputs
        yield from (f"{INDENT}{each}" for each in ("@staticmethod", *decorators))
        yield self.backward.signature("backward", ["ctx", *self.backward.inputs[:own]], own)
        if saved := [self.backward.inputs[index] for index, _ in self.body.saved]:
            yield f"{INDENT * 2}{_targets(saved)} = ctx.saved_tensors"
        yield from self.backward.content()


def _of_context(argument: Argument) -> py.Expr:
    return py.Attribute(CONTEXT, argument.name)


def _targets(names: list[str]) -> str:
    return ", ".join(names) if len(names) > 1 else f"({names[0]},)"
