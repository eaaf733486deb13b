"""Arguments and nodes of the IR as Python expressions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any

from torch import nn
from torch.fx import GraphModule

from ..catalog.signatures import constructor_signature
from ..ir import graph as ir
from . import expressions as py
from .helpers import DETECT, DETECTOR_FEATURES, DUAL_EXTRACT, EXTRACT, REPLACE
from .printing import quoted
from .sizes import Sizes, is_symbolic

SELF = py.Code("self")
TRAINING = py.Attribute(SELF, "training")


class Converter:
    """Converts what one module's nodes say; run-time values become numbered `Ref`s in the order in which they come.

    `listed`: the module is a list of its children. `constructor` says how functions with their own gradient are called.
    `detectors` are the children that `detect` applies.
    """

    def __init__(
        self,
        inputs: list[ir.Value],
        listed: bool = False,
        constructor: Callable | None = None,
        detectors: frozenset[str] = frozenset(),
    ):
        self.listed = listed
        self.detectors = detectors
        self.constructor = constructor
        self.values: list[ir.Value] = []
        self.numbers: dict[ir.Value, int] = {}
        for value in inputs:
            self.number(value)
        self.sizes = Sizes(value.type for value in inputs)

    def define(self, value: ir.Value) -> py.Ref:
        """The reference to a new value."""
        ref = self.number(value)
        self.sizes.define(ref.index, value.type)
        return ref

    def number(self, value: ir.Value) -> py.Ref:
        self.numbers[value] = len(self.values)
        self.values.append(value)
        return py.Ref(self.numbers[value])

    def targets(self, structure: ir.Structure) -> py.Expr:
        """What an operation's result is assigned to."""
        return _structure(structure, self.define)

    def result(self, structure: ir.Structure) -> py.Expr:
        """What a forward returns."""
        if isinstance(structure, tuple) and len(structure) > 1:
            return py.Items("", tuple(map(self.argument, structure)))
        return self.argument(structure)

    def argument(self, value: Any, hint: str = "", label: str = "", default: Any = py.MISSING) -> py.Expr:
        if is_plain(value):
            return py.Literal(value, hint, label, default)
        if is_symbolic(value):
            return self.sizes.python(value)

        def convert(part: Any) -> py.Expr:
            return self.argument(part, hint, label)

        match value:
            case ir.Value():
                return py.Ref(self.numbers[value])
            case slice(start=start, stop=stop, step=step):
                return py.Slice(*(None if end is None else convert(end) for end in (start, stop, step)))
            case tuple():
                return py.Items("(", tuple(map(convert, value)))
            case list():
                return py.Items("[", tuple(map(convert, value)))
            case dict():
                return py.Pairs(tuple((convert(key), convert(item)) for key, item in value.items()))
        return self._reference(value, convert)

    def _reference(self, value: Any, convert: Any) -> py.Expr:
        match value:
            case ir.DTypeRef(name):
                return py.Path(f"torch.{name}")
            case ir.FunctionRef(path):
                return py.Path(path)
            case ir.Layer():
                return self.layer(value, "")
            case ir.LayerRef(path, kwargs):
                bound = tuple(py.Keyword(name, convert(item)) for name, item in kwargs)
                return py.Call(py.Path("functools.partial"), (py.Path(path), *bound)) if bound else py.Path(path)
            case ir.TensorOf(values):
                return py.Call(py.Path("torch.tensor"), (convert(list(values)),))
            case ir.TrainingFlag():
                return TRAINING
            case ir.TrainingChoice(then, otherwise):
                return py.Conditional(convert(then), TRAINING, convert(otherwise))
            case ir.DropoutProbability(p):
                return py.Conditional(convert(p), TRAINING, py.Literal(0.0))
            case ir.DeviceOf(of):
                return py.Attribute(convert(of), "device")
        return py.Code("...") if value is Ellipsis else py.Literal(value)

    def node(self, node: ir.Node) -> py.Expr:
        """The expression that a node computes; `set_index` is a statement, for which this is the place written to."""
        match node.op:
            case "operator" if len(node.args) == 1:
                return py.Unary({"neg": "-", "invert": "~"}[node.target], self.argument(node.args[0]))
            case "operator":
                return py.Binary(node.target, *(self.argument(arg, "value") for arg in node.args))
            case "index" | "set_index":
                subscripts = tuple(self.argument(each, "index") for each in node.args[1])
                return py.Index(self.argument(node.args[0]), subscripts)
            case "list":
                return self.argument(list(node.args))
            case "none":
                return py.Literal(None)
            case "attribute":
                return py.Attribute(self.argument(node.args[0]), node.target)
            case "read":
                return submodule(node.target.split("."), self.listed)
        function, args = self._called(node)
        return py.Call(function, (*args, *self._keywords(node)))

    def _called(self, node: ir.Node) -> tuple[py.Expr, list[py.Expr]]:
        if node.op == "apply":
            args = [self.argument(arg, "value", node.target) for arg in node.args]
            if node.variant:
                function = py.Attribute(self.constructor(node.variant).function, "forward")
                return function, [submodule([node.target], self.listed), *args]
            if node.target in self.detectors:
                return DETECT, [submodule([node.target], self.listed), *args]
            return submodule([node.target], self.listed), args
        if node.op == "autograd":
            definition, *inputs = node.args
            call = relabelled(self.constructor(definition), definition.name)
            return call.function, [*map(self.argument, inputs), *call.arguments]
        name = node.target.rsplit(".", 1)[-1]
        if node.op == "method":
            receiver, *args = node.args
            hints = _method_arguments(name)
            function = py.Attribute(self.argument(receiver), name)
        else:
            args, hints = node.args, _function_arguments(node.target)
            function = py.Path(node.target)
        hints = [*hints, *["size"] * len(args)]
        return function, [self.argument(arg, hint, name) for arg, hint in zip(args, hints, strict=False)]

    def _keywords(self, node: ir.Node) -> list[py.Keyword]:
        label = node.target.rsplit(".", 1)[-1]
        return [py.Keyword(name, self.argument(value, name, label)) for name, value in node.kwargs.items()]

    def layer(self, layer: ir.Layer, label: str) -> py.Expr:
        """The call that constructs a layer."""
        defaults = _defaults(type(layer.prototype)) if not isinstance(layer, ir.Model) else {}
        arguments = []
        for each in layer.arguments:
            default = py.MISSING if each.positional else defaults.get(each.name, py.MISSING)
            value = self.argument(each.value, each.name, label, default)
            if each.inferred and isinstance(value, py.Literal):
                value = replace(value, inferred=True)
            arguments.append(value if each.positional else py.Keyword(each.name, value))
        return py.Call(py.Path(layer.path), tuple(arguments))


def model(layer: ir.Model, label: str, constructor: Callable[[ir.Module], py.Expr]) -> py.Expr:
    """The expression that builds a model, replaces in it and takes from it."""
    converter = Converter([])
    found = converter.layer(layer, label)
    if layer.replaced:
        pairs = ((path_key(layer, path), child_of(child, label, constructor)) for path, child in layer.replaced.items())
        found = py.Call(REPLACE, (found, py.Pairs(tuple(pairs))))
    if layer.taps and not isinstance(layer.prototype, GraphModule):
        found = py.Call(DETECTOR_FEATURES, (found, py.Literal(list(layer.taps), "paths", label)))
    elif layer.taps:
        graphs = layer.prototype.train_graph, layer.prototype.eval_graph
        extract = EXTRACT if str(graphs[0]) == str(graphs[1]) else DUAL_EXTRACT
        found = py.Call(extract, (found, py.Literal(list(layer.taps), "paths", label)))
    return found


def path_key(layer: ir.Model, path: str) -> py.Expr:
    """The path of a submodule: bare text where Python can write it as attributes and items of lists, else a literal."""
    names = path.split(".")
    above = (layer.prototype.get_submodule(".".join(names[:at])) for at, name in enumerate(names) if name.isdecimal())
    plain = layer.taps or all(isinstance(each, (nn.Sequential, nn.ModuleList)) for each in above)
    return py.Code(quoted(path)) if plain else py.Literal(path)


def child_of(child: ir.Layer | ir.Module, name: str, constructor: Callable[[ir.Module], py.Expr]) -> py.Expr:
    """The expression that constructs a submodule."""
    if isinstance(child, ir.Module):
        return relabelled(constructor(child), name)
    return model(child, name, constructor) if isinstance(child, ir.Model) else Converter([]).layer(child, name)


def relabelled(expr: py.Expr, label: str) -> py.Expr:
    """Fresh literals, named after the child, so that no two places of a body share one."""

    def fresh(part: Any) -> Any:
        return replace(part, label=label) if isinstance(part, py.Literal) else None

    return py.rewrite(expr, fresh)


def is_plain(value: Any) -> bool:
    """Whether a value is a literal throughout, and so may become one constructor argument."""
    if isinstance(value, (tuple, list)):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (bool, int, float, complex, str))


def submodule(path: list[str], listed: bool = False) -> py.Expr:
    """`self.embed.weight`; numbered children are items of their parent, if that is a list (`self` where `listed`)."""
    found: py.Expr = SELF
    for position, name in enumerate(path):
        if not name.isdecimal():
            found = py.Attribute(found, name)
        elif position or listed:
            found = py.Index(found, (py.Code(name),))
        else:
            found = py.Call(py.Path("builtins.getattr"), (SELF, py.Literal(name)))
    return found


def _structure(structure: ir.Structure, define: Any) -> py.Expr:
    if isinstance(structure, ir.Value):
        return define(structure)
    if isinstance(structure, dict):
        return py.Pairs(tuple((py.Literal(key), _structure(item, define)) for key, item in structure.items()))
    if isinstance(structure, (tuple, list)):
        return py.Items("(", tuple(_structure(item, define) for item in structure))
    return py.Code("_")


@cache
def _defaults(cls: type) -> dict[str, Any]:
    """The constructor's defaults; an argument without one maps to nothing."""
    parameters = constructor_signature(cls).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}


@cache
def _function_arguments(path: str) -> tuple[str, ...]:
    module, _, name = path.rpartition(".")
    return _parameter_names(getattr(import_module(module), name, None))


@cache
def _method_arguments(name: str) -> tuple[str, ...]:
    import torch

    return _parameter_names(getattr(torch, name, None))[1:]


def _parameter_names(function: Any) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()
