"""A net as operations on tensors, without the borders of its modules.

What comes right before a batch norm may be in a group, the norm outside it: lints look at this graph, where each
application of a block or group has operations of its own. What is kept for run time is read as if it ran once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ir.graph import Branch, Layer, Model, Module, Net, Node, Value, applied, leaves, uses
from ..ir.types import TensorType, Type


@dataclass(eq=False, slots=True)
class Tensor:
    """A run-time value at one place of a net. `maker` is None for what comes from outside."""

    type: Type
    maker: Op | None = None
    users: list[Op] = field(default_factory=list)

    @property
    def dims(self) -> tuple[Any, ...]:
        """The sizes; none where it is no tensor."""
        return self.type.dims if isinstance(self.type, TensorType) else ()


@dataclass(eq=False, slots=True)
class Op:
    """One operation. `name` is a layer's class (`Conv2d`), a function or method (`relu`), an operator (`+`), or the
    kind of node; `layer` is set for a layer."""

    name: str
    node: Node
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    number: int
    layer: Layer | None = None


@dataclass(eq=False, slots=True)
class Flow:
    """The operations of a net in order, its inputs and outputs."""

    ops: list[Op] = field(default_factory=list)
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()


def flow_of(net: Net, inputs: Iterable[Tensor] | None = None) -> Flow:
    """The flow of a net. `inputs` are tensors of another flow where it goes on from that."""
    given = tuple(inputs or (Tensor(value.type) for value in net.root.inputs))
    flow = Flow(inputs=given)
    known = dict(zip(net.root.inputs, given, strict=True))
    _module(net.root, known, flow)
    flow.outputs = _tensors(net.root.result, known)
    return flow


Known = dict[Value, Tensor]


def _module(module: Module, known: Known, flow: Flow) -> None:
    for node in module.nodes:
        _node(node, module, known, flow)


def _node(node: Node, module: Module, known: Known, flow: Flow) -> None:
    child = applied(module, node) if node.op == "apply" else None
    if isinstance(child, Module):
        _inline(child, node, known, flow)
        return
    for body in node.bodies:
        _body(body, node, module, known, flow)
    replaced = child.replaced.values() if isinstance(child, Model) else ()
    given = [tensor for each in replaced for tensor in _replaced(each, flow)]
    inputs = tuple(_tensor(value, known) for value in dict.fromkeys(uses(node)) if value in known)
    op = Op(_name(node, child), node, inputs, (), len(flow.ops), child)
    op.outputs = tuple(Tensor(value.type, op) for value in leaves(node.result))
    known.update(zip(leaves(node.result), op.outputs, strict=True))
    for each in (*inputs, *given):
        each.users.append(op)
    flow.ops.append(op)


def _inline(child: Module, node: Node, known: Known, flow: Flow) -> None:
    """A block or group: its own operations, on the tensors that it is given."""
    given = _tensors(node.args, known)
    inner = dict(zip(leaves(child.inputs), given, strict=False))
    _module(child, inner, flow)
    known.update(zip(leaves(node.result), _tensors(child.result, inner), strict=False))


def _body(body: Branch, node: Node, module: Module, known: Known, flow: Flow) -> None:
    """A branch or round; a loop's values are at first the initial ones."""
    known.update(zip(body.inputs, _tensors(node.args[-len(body.inputs) :], known), strict=False))
    if body.variable:
        known[body.variable] = Tensor(body.variable.type)
    for inner in body.nodes:
        _node(inner, module, known, flow)


def _replaced(each: Layer | Module, flow: Flow) -> tuple[Tensor, ...]:
    """What stands in place of a submodule of a library's model, which gives it its input and takes its result."""
    if not isinstance(each, Module):
        return ()
    inner = {value: Tensor(value.type) for value in each.inputs}
    _module(each, inner, flow)
    return _tensors(each.result, inner)


def _name(node: Node, child: Layer | None) -> str:
    if child is not None:
        return child.class_name
    return node.target.rsplit(".", 1)[-1] if node.op in ("function", "method", "operator") else node.op


def _tensor(value: Value, known: Mapping[Value, Tensor]) -> Tensor:
    return known.get(value) or Tensor(value.type)


def _tensors(structure: Any, known: Mapping[Value, Tensor]) -> tuple[Tensor, ...]:
    return tuple(_tensor(value, known) for value in leaves(structure))


# ---- ways through it ---------------------------------------------------------------------------------------------

VIEWS = frozenset(
    "Flatten Unflatten Identity Permute flatten unflatten view reshape squeeze unsqueeze permute transpose contiguous"
    " movedim moveaxis swapaxes view_as reshape_as t T mT rearrange Rearrange".split()
)
"""Operations that give the same numbers in another shape or order."""


def origin(tensor: Tensor, through: frozenset[str] = VIEWS) -> Tensor:
    """The tensor that this one comes from, back through operations of these names."""
    while tensor.maker and tensor.maker.inputs and tensor.maker.name in through:
        tensor = tensor.maker.inputs[0]
    return tensor


def destinations(tensor: Tensor, through: frozenset[str] = VIEWS) -> Iterator[Op]:
    """The operations that use a tensor, on through operations of these names."""
    waiting = list(tensor.users)
    while waiting:
        op = waiting.pop()
        if op.name in through:
            waiting += (user for each in op.outputs for user in each.users)
        else:
            yield op
