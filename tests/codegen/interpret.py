"""Running the IR itself, node by node, with the submodules of a built model: what generated source must equal."""

from __future__ import annotations

import operator
from importlib import import_module
from typing import Any

import sympy
import torch

from tnet.ir import graph as ir
from tnet.ir.autograd import Autograd
from tnet.shapes import round_number

OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "neg": operator.neg, "invert": operator.invert,
}  # fmt: skip


def run(net: ir.Net, model: torch.nn.Module, *inputs: torch.Tensor) -> Any:
    """What a net gives for these inputs with the weights of `model`."""
    sizes = {}
    for value, tensor in zip(net.root.inputs, inputs, strict=True):
        sizes.update((dim, size) for dim, size in zip(value.type.dims, tensor.shape, strict=True) if is_symbol(dim))
    return Interpreter(sizes, model.training).module(net.root, model, inputs)


def is_symbol(dim: Any) -> bool:
    return isinstance(dim, sympy.Symbol)


class Interpreter:
    def __init__(self, sizes: dict[Any, int], training: bool):
        self.sizes = sizes
        self.training = training

    def module(self, module: ir.Module, built: torch.nn.Module, inputs: tuple) -> Any:
        values = dict(zip(module.inputs, inputs, strict=True))
        self.nodes(module.nodes, module, built, values)
        return self.argument(module.result, values)

    def nodes(self, nodes: list[ir.Node], module: ir.Module, built: torch.nn.Module, values: dict) -> None:
        for node in nodes:
            bind(node.result, self.node(node, module, built, values), values)

    def branch(self, body: ir.Branch, module: ir.Module, built: torch.nn.Module, values: dict) -> tuple:
        self.nodes(body.nodes, module, built, values)
        return self.argument(body.result, values)

    def loop(self, node: ir.Node, args: tuple, module: ir.Module, built: torch.nn.Module, values: dict) -> tuple:
        (body,), (bounds, *carried) = node.bodies, args
        drawn = node.target == "random"
        for number in range(torch.randint(*bounds, ()).item()) if drawn else range(*bounds):
            values.update(zip(body.inputs, carried, strict=True))
            if body.variable is not None:
                self.sizes[round_number(body.variable.name)] = number
            carried = self.branch(body, module, built, values)
        return tuple(carried)

    def update(self, buffer: torch.Tensor, op: str, content: Any, place: Any = ...) -> tuple:
        with torch.no_grad():
            buffer[place] = content if op == "=" else OPERATORS[op[0]](buffer[place], content)
        return ()

    def node(self, node: ir.Node, module: ir.Module, built: torch.nn.Module, values: dict) -> Any:
        if node.op == "read":
            found = operator.attrgetter(node.target)(built)
            return found.clone() if node.target in module.buffers else found
        args = tuple(self.argument(each, values) for each in node.args)
        kwargs = {name: self.argument(each, values) for name, each in node.kwargs.items()}
        match node.op:
            case "apply":
                child, inner = module.children[node.target], built.get_submodule(node.target)
                return self.module(child, inner, args) if isinstance(child, ir.Module) else inner(*args, **kwargs)
            case "operator":
                return OPERATORS[node.target](*args)
            case "index":
                return args[0][args[1] if len(args[1]) > 1 else args[1][0]]
            case "set_index":
                changed = args[0].clone()
                changed[args[1]] = args[2]
                return changed
            case "attribute":
                return getattr(args[0], node.target)
            case "if" | "conditional":
                return self.branch(node.bodies[not self.training], module, built, values)
            case "loop":
                return self.loop(node, args, module, built, values)
            case "update":
                return self.update(getattr(built, node.target), *args)
            case "method":
                return getattr(args[0], node.target)(*args[1:], **kwargs)
            case "autograd":
                return self.autograd(*args)
        path, _, name = node.target.rpartition(".")
        return getattr(import_module(path), name)(*args, **kwargs)

    def autograd(self, function: Autograd, *inputs: torch.Tensor) -> Any:
        """The function as one whose context is its interpreter's values."""
        interpreter, values = self, dict(zip(function.forward.inputs, inputs, strict=True))

        class Function(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *given: torch.Tensor) -> Any:
                interpreter.nodes(function.forward.nodes, function.forward, None, values)
                return interpreter.argument(function.forward.result, values)

            @staticmethod
            def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
                saved = tuple(values[each] for each in function.saved)
                return interpreter.module(function.backward, None, (*gradients, *saved))

        return Function.apply(*inputs)

    def of_mode(self, value: Any) -> Any:
        match value:
            case ir.TrainingChoice(then, otherwise):
                return then if self.training else otherwise
            case ir.DropoutProbability(p):
                return p if self.training else 0.0
        return self.training

    def argument(self, value: Any, values: dict) -> Any:
        if isinstance(value, sympy.Basic):
            return int(value.xreplace({each: sympy.Integer(self.sizes[each]) for each in value.free_symbols}))

        def convert(part: Any) -> Any:
            return self.argument(part, values)

        match value:
            case ir.Value():
                return values[value]
            case ir.TrainingFlag() | ir.TrainingChoice() | ir.DropoutProbability():
                return self.of_mode(value)
            case ir.DeviceOf(of):
                return values[of].device
            case ir.DTypeRef(name):
                return getattr(torch, name)
            case ir.FunctionRef(path):
                return operator.attrgetter(path.removeprefix("torch."))(torch)
            case slice(start=start, stop=stop, step=step):
                return slice(convert(start), convert(stop), convert(step))
            case tuple() | list():
                return type(value)(map(convert, value))
            case dict():
                return {key: convert(item) for key, item in value.items()}
        return value


def bind(structure: Any, result: Any, values: dict) -> None:
    if isinstance(structure, ir.Value):
        values[structure] = result
    elif isinstance(structure, (tuple, list)):
        for part, item in zip(structure, result, strict=True):
            bind(part, item, values)
    elif isinstance(structure, dict):
        for key, part in structure.items():
            bind(part, result[key], values)
