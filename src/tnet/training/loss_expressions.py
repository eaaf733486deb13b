"""Losses as expressions over outputs, inputs and fields by name, and as blocks of two inputs.

A loss is elaborated like a net and printed as PyTorch source, so that it is compiled together with the forward pass.
Types of fields are not written in a spec. While checking, a loss is tried with the types that targets usually have:
what is wrong with all of them does not depend on the data. When a run starts, the first samples give the true types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..diagnostics import Diagnostic, SpecError, did_you_mean, error
from ..elaborate import losses as graphs
from ..ir.graph import Module, Net
from ..ir.sites import modules
from ..ir.types import TensorType
from ..shapes import simplify
from ..source import Span
from ..syntax import without_modules
from .dtypes import as_written
from .outputs import output_names, outputs_of

NAMES_AND_ARGUMENTS = ("TN02", "TN03")
"""Phases of diagnostics that do not depend on the shape of a field."""
USUAL = 64  # size of a symbolic dim without a hint, while shapes are inferred


@dataclass(frozen=True)
class ExpressionChoice:
    """A loss over `names`. `name` and `arguments` are those of the first function in it that is given an output and
    `target` as they are; "loss" and none without one. `graph` is the loss at the first types of fields that fit."""

    value: Any
    net: Net
    names: tuple[str, ...]
    name: str
    arguments: Mapping[str, Any]
    class_numbers: bool
    span: Span
    graph: Net | None = None
    is_expression = True

    def __deepcopy__(self, memo: Any) -> ExpressionChoice:
        return self

    @property
    def own(self) -> Any:
        """What of the loss has parameters or buffers: the block, or all of an expression; None without such."""
        root = self.graph.root if self.graph else None
        if root is None or not any(keeps_something(each.node) for each in modules(root)):
            return None
        return self.part(root.children) if self.is_block else root

    @property
    def is_block(self) -> bool:
        return isinstance(self.value, graphs.Callee)

    @staticmethod
    def part(children: Any) -> Any:
        """The one child that a block's graph, or its module, has."""
        (child,) = children.values()
        return child

    @property
    def outputs(self) -> dict[str, int]:
        return output_names(self.net)

    @property
    def fields(self) -> tuple[str, ...]:
        """What the loss takes of a batch besides the net's outputs."""
        return tuple(name for name in self.names if name not in self.outputs)

    def build(self, device: str | torch.device = "cpu") -> ExpressionLoss:
        return ExpressionLoss(self, torch.device(device))


def choose(value: Any, span: Span, net: Net, open_fields: bool, class_numbers: frozenset[str]) -> ExpressionChoice:
    """The loss of an expression or a block, tried on the net's types.

    `open_fields` says that samples may have fields besides the net's inputs and `target`; `class_numbers` names the
    functions whose target is a class. Raises SpecError with all that is wrong whatever the data is.
    """
    outputs, inputs = output_names(net), [each.name for each in net.root.inputs[: net.root.own_inputs]]
    known = [*outputs, *inputs, "target"]
    if isinstance(value, graphs.Callee) and len(net.outputs) != 1:
        message = f"`{value.name}` is applied to the output and `target`; the net gives {len(net.outputs)} outputs"
        raise error("TN0802", message, span, help="write an expression over the outputs by name")
    names = graphs.names_of(value, known)
    unknown = [each for each in names if each not in known]
    wrong = [each for each in unknown if not open_fields or without_modules(graphs.path_of(value, each))]
    if wrong:
        raise SpecError([_unknown(name, value, known, span) for name in wrong])
    call = graphs.direct_call(value, list(outputs)[:1] + ["output"])
    name = call.callee.name if call else getattr(value, "name", "loss")
    arguments = graphs.literal_arguments(call) if call else {}
    choice = ExpressionChoice(value, net, tuple(names), name, arguments, name in class_numbers, span)
    return replace(choice, graph=_tried(choice))


def _unknown(name: str, value: Any, known: list[str], span: Span) -> Diagnostic:
    """That a name in a loss is none of what it is over."""
    place, listed = graphs.place_of(value, name, span), ", ".join(f"`{each}`" for each in known)
    advice = without_modules(graphs.path_of(value, name)) or did_you_mean(name, known) or f"a loss is over {listed}"
    return Diagnostic("TN0201", "error", f"`{name}` is no output, input or field of the sample", place, help=advice)


def keeps_something(node: Any) -> bool:
    """Whether a module of a graph has parameters or buffers of its own, or is a layer, which may draw or keep some."""
    return not isinstance(node, Module) or bool(node.parameters or node.buffers)


def _tried(choice: ExpressionChoice) -> Net | None:
    """The loss at the first usual types of its fields that it takes; None where the data alone can tell. Raises
    SpecError with what is wrong for all of them."""
    kinds = [kind for _, kind in choice.net.outputs]
    if not all(isinstance(kind, TensorType) for kind in kinds):
        return None
    hints = {name: hint or USUAL * (n + 1) for n, (name, hint) in enumerate(choice.net.symbols.items())}
    found: list[dict[Any, Diagnostic]] = []
    for field in usual_fields(choice.net):
        types = {name: _declared(choice, name) or field for name in choice.names}
        try:
            return graphs.elaborate_loss(choice.value, types, hints, choice.span)
        except SpecError as problem:
            found.append({(each.code, each.span, each.message): each for each in problem.diagnostics})
    common = [each for key, each in found[0].items() if all(key in other for other in found)]
    unfit = [[each for each in problems.values() if each.code.startswith(NAMES_AND_ARGUMENTS)] for problems in found]
    if wrong := common or next(filter(None, unfit), None):
        raise SpecError(wrong)
    return None


def usual_fields(net: Net) -> Iterator[TensorType]:
    """Classes, numbers like the output, classes at each place, tokens like the input, one number a sample."""
    output, given = net.outputs[0][1], net.root.inputs[0].type
    yield TensorType("int64", output.dims[:1])
    yield TensorType(output.dtype, output.dims)
    yield TensorType("int64", (*output.dims[:1], *output.dims[2:]))
    yield TensorType("int64", given.dims)
    yield TensorType("float32", output.dims[:1])


def _declared(choice: ExpressionChoice, name: str) -> TensorType | None:
    """The type of an output or input; None for a field."""
    if name in choice.outputs:
        return choice.net.outputs[choice.outputs[name]][1]
    return next((each.type for each in choice.net.root.inputs if each.name == name), None)


class ExpressionLoss(nn.Module):
    """`loss(outputs, batch)` is a scalar. Its module is made when a batch of new types comes first, and kept; all of
    them share the parameters and buffers, which are there from the start under the names that they have in the loss."""

    def __init__(self, choice: ExpressionChoice, device: torch.device):
        super().__init__()
        self._choice, self._device = choice, device
        self._takes = [(name, choice.outputs.get(name)) for name in choice.names]
        self._made: dict[Any, nn.Module] = {}
        if choice.own is not None:
            self._take(self._own_part(_module(choice, choice.graph)))

    def _own_part(self, module: nn.Module) -> nn.Module:
        return self._choice.part(module._modules) if self._choice.is_block else module

    def _take(self, first: nn.Module) -> None:
        for name, parameter in first._parameters.items():
            self.register_parameter(name, parameter)
        for name, buffer in first._buffers.items():
            self.register_buffer(name, buffer, name not in first._non_persistent_buffers_set)
        for name, child in first.named_children():
            self.add_module(name, child)

    def train(self, mode: bool = True) -> ExpressionLoss:
        for module in self._made.values():
            module.train(mode)
        return super().train(mode)

    def forward(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        listed = outputs_of(outputs)
        values = [batch[name] if number is None else listed[number] for name, number in self._takes]
        key = tuple((tuple(value.shape[1:]), value.dtype) for value in values)
        if key not in self._made:
            self._make(key, batch, values)
        return self._made[key](*values)

    @torch.compiler.disable
    def _make(self, key: Any, batch: Mapping[str, Tensor], values: list[Tensor]) -> None:
        types, hints = types_of(self._choice, batch, values)
        net = graphs.elaborate_loss(self._choice.value, types, hints, self._choice.span)
        with torch.random.fork_rng(devices=[]):
            module = _module(self._choice, net).to(self._device).train(self.training)
        if any(keeps_something(each.node) for each in modules(net.root)):
            self._share(self._own_part(module))
        self._made[key] = module

    def _share(self, module: nn.Module) -> None:
        """Give a module the parameters and buffers that are here. Raises SpecError (TN0703) for one with others."""
        own, others = self.state_dict(keep_vars=True), module.state_dict()
        if {name: each.shape for name, each in own.items()} != {name: each.shape for name, each in others.items()}:
            message = f"the parameters of `{self._choice.name}` depend on the data: write their sizes out"
            raise error("TN0703", message, self._choice.span)
        for name, tensor in (*self.named_parameters(), *self.named_buffers()):
            path, _, last = name.rpartition(".")
            part = module.get_submodule(path)
            (part._parameters if last in part._parameters else part._buffers)[last] = tensor


def _module(choice: ExpressionChoice, net: Net) -> nn.Module:
    from ..codegen import generate, load

    return load(generate(net), net.name, f"<{choice.span.source.name}: loss>")()


def types_of(
    choice: ExpressionChoice, batch: Mapping[str, Tensor], values: list[Tensor]
) -> tuple[dict[str, TensorType], dict[str, int]]:
    """The types of a loss's tensors in a batch, with hints. The number of samples stays a symbol, every other size is
    the batch's; outputs keep their declared dtype, which autocast may have changed."""
    inputs = choice.net.root.inputs[: choice.net.root.own_inputs]
    samples = inputs[0].type.dims[0] if inputs[0].type.dims else 0
    sizes: dict[Any, int] = {}
    for each in inputs:
        dims = zip(each.type.dims, batch[each.name].shape, strict=True)
        sizes |= {dim: size for dim, size in dims if not isinstance(dim, int) and dim != samples}
    count = len(batch[inputs[0].name])
    types = {}
    for name, value in zip(choice.names, values, strict=True):
        declared = _declared(choice, name)
        if declared is not None:
            dims = tuple(dim if isinstance(dim, int) else simplify(dim.subs(sizes)) for dim in declared.dims)
            types[name] = TensorType(declared.dtype, dims)
        else:
            whole = value.ndim and len(value) == count
            types[name] = TensorType(as_written(value), (*((samples,) if whole else value.shape[:1]), *value.shape[1:]))
    free = {
        each for kind in types.values() for dim in kind.dims if not isinstance(dim, int) for each in dim.free_symbols
    }
    return types, {each.name: USUAL for each in free}
