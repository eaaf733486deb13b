"""A block or group as an `nn.Module` without its source: what shape inference runs in its place inside a model."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import sympy
import torch
from torch import nn
from torch.utils._sympy.interp import sympy_interp
from torch.utils._sympy.reference import PythonReferenceAnalysis

from ..ir import graph as ir
from ..ir.types import TensorType

OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "neg": operator.neg, "invert": operator.invert,
}  # fmt: skip


def stand_in(module: ir.Layer | ir.Module) -> nn.Module:
    """What runs in place of a submodule: a layer's prototype, or a `StandIn`."""
    return StandIn(module) if isinstance(module, ir.Module) else module.prototype


class Unrunnable(Exception):
    """The module has operations that only its generated source can run."""


class StandIn(nn.Module):
    """Has the submodules, parameters and buffers of a module, on the meta device; forward runs its nodes."""

    def __init__(self, module: ir.Module):
        super().__init__()
        self._ir = module
        for name, each in module.parameters.items():
            self.register_parameter(name, nn.Parameter(_empty(each), _empty(each).is_floating_point()))
        for name, each in module.buffers.items():
            self.register_buffer(name, _empty(each), each.persistent)
        for name, child in module.children.items():
            self.add_module(name, stand_in(child))
        self.eval()

    def forward(self, *inputs: Any) -> Any:
        return self._run(self._ir, inputs)

    def _run(self, module: ir.Module, inputs: Any) -> Any:
        values: dict[ir.Value, Any] = {}
        _bind(list(module.inputs), inputs, values)
        sizes = _sizes(values)
        for node in module.nodes:
            _bind(node.result, self._node(node, values, sizes), values)
        return self._argument(module.result, values, sizes)

    def _node(self, node: ir.Node, values: dict, sizes: dict) -> Any:
        if node.op == "read":
            return operator.attrgetter(node.target)(self)
        args = tuple(self._argument(each, values, sizes) for each in node.args)
        kwargs = {name: self._argument(each, values, sizes) for name, each in node.kwargs.items()}
        match node.op:
            case "apply":
                child = self.get_submodule(node.target)
                return child._run(node.variant, args) if node.variant else child(*args, **kwargs)
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
            case "method":
                return getattr(args[0], node.target)(*args[1:], **kwargs)
            case "autograd":
                return self._run(args[0].forward, args[1:])
            case "function":
                return _imported(node.target)(*args, **kwargs)
        raise Unrunnable(f"its `{node.op}` cannot be run inside a model")

    def _argument(self, value: Any, values: Mapping, sizes: Mapping) -> Any:
        def convert(part: Any) -> Any:
            return self._argument(part, values, sizes)

        match value:
            case ir.Value():
                return values[value]
            case sympy.Expr():
                return sizes[value] if value in sizes else sympy_interp(PythonReferenceAnalysis, dict(sizes), value)
            case ir.TrainingFlag():
                return self.training
            case ir.DropoutProbability(p):
                return p if self.training else 0.0
            case ir.DeviceOf(of):
                return values[of].device
            case ir.DTypeRef(name):
                return getattr(torch, name)
            case ir.FunctionRef(path):
                return _imported(path)
            case slice(start=start, stop=stop, step=step):
                return slice(convert(start), convert(stop), convert(step))
            case tuple() | list():
                return type(value)(map(convert, value))
            case dict():
                return {key: convert(item) for key, item in value.items()}
        return value


def _empty(declared: ir.Declared) -> torch.Tensor:
    return torch.empty(declared.type.dims, dtype=getattr(torch, declared.type.dtype), device="meta")


def _imported(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _sizes(values: Mapping[ir.Value, Any]) -> dict[Any, Any]:
    """The symbolic sizes of the inputs, as they are in this run."""
    return {
        dim: given.shape[axis]
        for value, given in values.items()
        if isinstance(value.type, TensorType)
        for axis, dim in enumerate(value.type.dims)
        if not isinstance(dim, int)
    }


def _bind(structure: ir.Structure, result: Any, values: dict) -> None:
    if isinstance(structure, ir.Value):
        values[structure] = result
    elif isinstance(structure, (tuple, list)):
        for part, item in zip(structure, result, strict=True):
            _bind(part, item, values)
    elif isinstance(structure, dict):
        for key, part in structure.items():
            _bind(part, result[key], values)
