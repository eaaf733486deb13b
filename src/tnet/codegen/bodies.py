"""What a module becomes: constructor calls of its children, and steps. Equal bodies differ in literals only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..catalog import detectors
from ..ir import graph as ir
from . import expressions as py
from .effects import live_nodes
from .lists import whole_lists
from .loops import Loop, loop_of
from .nodes import Converter, child_of
from .printing import quoted
from .runs import runs
from .steps import Flattener, Step
from .updates import copied_reads


@dataclass(frozen=True)
class Declaration:
    """A parameter or buffer statement: its sizes, and a function of `torch.nn.init` or steps with a result."""

    name: str
    kind: str  # "parameter" | "buffer"
    sizes: py.Expr
    dtype: str
    persistent: bool
    init: str | None
    arguments: tuple[py.Expr, ...] = ()
    body: Body | None = None


@dataclass(frozen=True)
class Body:
    """One module. `base` is its class's base; `module` and `values` (by number) are of one instance.

    Its forward is `steps` and a result, or a `loop`; an `nn.Sequential` has neither.
    """

    base: str
    inputs: int
    declarations: tuple[Declaration, ...]
    children: tuple[tuple[str, py.Expr], ...]
    steps: tuple[Step, ...]
    result: py.Expr | None
    module: ir.Module = field(compare=False)
    values: tuple[ir.Value, ...] = field(compare=False)
    loop: Loop | None = None
    variant: int = 0  # each variant has a class of its own: it is never constructed, and so has no arguments

    def expressions(self) -> Iterator[py.Expr]:
        """All expressions in the order in which the class shows them."""
        yield from self.constructor()
        yield from self.forward()

    def constructor(self) -> Iterator[py.Expr]:
        for each in self.declarations:
            yield each.sizes
            yield from each.arguments
            if each.body:
                yield from each.body.forward()
        for _, expr in self.children:
            yield expr

    def forward(self) -> Iterator[py.Expr]:
        for step in self.steps:
            yield step.expr
            if step.content is not None:
                yield step.content
        if self.result is not None:
            yield self.result


Constructor = Callable[[Any], py.Expr]
"""Gives the expression that constructs a child module, or calls a function with its own gradient (an `ir.Autograd`),
whose class is known."""

SEQUENTIAL, LIST, MODULE = "torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.Module"


def is_chain(module: ir.Module) -> bool:
    """Whether a module only applies each of its children once, in order, to one value."""
    nodes = live_nodes(module)
    if module.parameters or module.buffers or len(module.inputs) != 1 or module.kind == "variant":
        return False
    if [node.target for node in nodes] != list(module.children):
        return False
    flow: Any = module.inputs[0]
    for node in nodes:
        if node.op != "apply" or node.args != (flow,) or node.kwargs or node.variant:
            return False
        flow = node.result
    return module.result is flow


def is_numbered(names: Any) -> bool:
    """Whether children are named as a list's items are."""
    return bool(names) and list(names) == [str(number) for number in range(len(names))]


def sequential(module: ir.Module, constructor: Constructor) -> py.Call:
    """The `nn.Sequential` of a chain."""
    return py.Call(py.Path(SEQUENTIAL), items(noted(children_of(module, constructor), module)))


def noted(children: tuple[tuple[str, py.Expr], ...], module: ir.Module) -> tuple[tuple[str, py.Expr], ...]:
    """The children of a chain, each with the values that it takes and gives."""
    nodes = live_nodes(module)
    return tuple(
        (name, py.Noted(expr, node.args[0], node.result)) for (name, expr), node in zip(children, nodes, strict=True)
    )


def items(children: tuple[tuple[str, py.Expr], ...]) -> tuple[py.Expr, ...]:
    """The arguments of an `nn.Sequential` with these children."""
    if is_numbered([name for name, _ in children]):
        return runs([expr for _, expr in children])
    ordered = py.Path("collections.OrderedDict")
    if all(name.isidentifier() for name, _ in children):
        return (py.Call(ordered, tuple(py.Keyword(name, expr) for name, expr in children)),)
    pairs = tuple(py.Items("(", (py.Code(quoted(name)), expr)) for name, expr in children)
    return (py.Call(ordered, (py.Items("[", pairs),)),)


def children_of(module: ir.Module, constructor: Constructor) -> tuple[tuple[str, py.Expr], ...]:
    return tuple((name, child_of(child, name, constructor)) for name, child in module.children.items())


def body_of(module: ir.Module, constructor: Constructor) -> Body:
    """The body of a module, given how its children's modules are constructed. A variant has another one's children."""
    if module.kind == "variant":
        steps, result, values = forward_of(module, is_numbered(module.children), constructor)
        return Body(MODULE, len(module.inputs), (), (), steps, result, module, values, variant=id(module))
    children = children_of(module, constructor)
    declared = (("parameter", module.parameters), ("buffer", module.buffers))
    declarations = tuple(_declaration(each, kind, constructor) for kind, all_ in declared for each in all_.values())
    if is_chain(module) and module.kind != "net" and is_numbered(module.children):
        children = tuple(("", item) for item in items(noted(children, module)))
        return Body(SEQUENTIAL, 1, (), children, (), None, module, tuple(module.inputs))
    listed = is_numbered(module.children)
    if listed:
        children = tuple(("", item) for item in runs([expr for _, expr in children]))
    if loop := loop_of(module):
        values = (*module.inputs, loop.last)
        return Body(LIST, len(module.inputs), (), children, (), None, module, values, loop)
    steps, result, values = forward_of(module, listed, constructor)
    base = LIST if listed else MODULE
    return Body(base, len(module.inputs), declarations, children, steps, result, module, values)


def forward_of(
    module: ir.Module, listed: bool, constructor: Constructor
) -> tuple[tuple[Step, ...], py.Expr, tuple[ir.Value, ...]]:
    applied = frozenset(name for name, child in module.children.items() if is_detector(child))
    converter = Converter(module.inputs, listed, constructor, applied)
    nodes, result = whole_lists(live_nodes(module), module.result)
    steps = tuple(Flattener(converter, copied_reads(nodes, result, module)).steps(nodes))
    return steps, converter.result(result), tuple(converter.values)


def is_detector(child: ir.Layer | ir.Module) -> bool:
    return isinstance(child, ir.Model) and detectors.is_detector(child.prototype)


def _declaration(declared: ir.Declared, kind: str, constructor: Constructor) -> Declaration:
    converter = Converter([])
    sizes = py.Items("(", tuple(converter.argument(dim, "size", declared.name) for dim in declared.type.dims))
    init, arguments, body = None, (), None
    if declared.expression is not None:
        steps, result, values = forward_of(declared.expression, False, constructor)
        body = Body(MODULE, 0, (), (), steps, result, declared.expression, values)
    elif declared.init is not None:
        init = declared.init.name
        values = {name: converter.argument(value, name, declared.name) for name, value in declared.init.kwargs}
        arguments = tuple(value if name == "val" else py.Keyword(name, value) for name, value in values.items())
    return Declaration(declared.name, kind, sizes, declared.type.dtype, declared.persistent, init, arguments, body)
