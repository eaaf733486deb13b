"""The graph of a net: modules that hold nodes, values between the nodes, layers at the leaves.

A `Module` is one application of a net, block, group or repeat: its own inputs, nodes in order (single assignment),
result and children. The children's order is the order in which they are registered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Union

from ..source import Span
from .types import Type


@dataclass(eq=False, slots=True)
class Value:
    """A run-time value, assigned once. `name` is what the spec calls it (`x` for the flow); names repeat.

    `aliases` are further names that the spec binds to it, as `identity = x` does. `only` is "training" or "eval" where
    it exists in that mode alone, and is None in the other.
    """

    name: str
    type: Type
    span: Span | None = None
    aliases: list[str] = field(default_factory=list)
    only: str = ""


Structure = Union[Value, tuple, list, dict]
"""Values in nested tuples, lists and string-keyed dicts."""

Argument = Any
"""A literal (int, float, str, bool, None, dtype as `DTypeRef`), a symbolic size (sympy expression), a `Value`, a
`LayerRef`, a `FunctionRef`, a `TensorOf`, a `TrainingFlag`, a `TrainingChoice`, a `DropoutProbability`, a `DeviceOf`,
a `slice`, `...`, or tuples, lists and dicts of arguments."""


@dataclass(frozen=True, slots=True)
class DTypeRef:
    """A dtype as an argument: "float32" is printed as `torch.float32`."""

    name: str


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A function as an argument, by import path: "torch.nn.functional.relu"."""

    path: str


@dataclass(frozen=True, slots=True)
class LayerRef:
    """A layer class as an argument, by import path, with the arguments bound to it (`partial`) if any."""

    path: str
    kwargs: tuple[tuple[str, Argument], ...] = ()


@dataclass(frozen=True, slots=True)
class TensorOf:
    """A list of numbers where a layer wants a tensor: `torch.tensor([1.0, 2.0])`."""

    values: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class TrainingFlag:
    """The module's mode as an argument: printed as `self.training`."""


@dataclass(frozen=True, slots=True)
class TrainingChoice:
    """A literal that depends on the module's mode: printed as `then if self.training else otherwise`."""

    then: Argument
    otherwise: Argument


@dataclass(frozen=True, slots=True)
class DropoutProbability:
    """A probability that counts only in training: printed as `p if self.training else 0.0`."""

    p: Argument


@dataclass(frozen=True, slots=True)
class DeviceOf:
    """The device of a value, for functions that make a tensor from none: printed as `x.device`."""

    value: Value


@dataclass(eq=False, slots=True)
class Node:
    """One operation.

    op            target                       args
    "apply"       name of a child              the child's inputs; kwargs are call-time keywords
    "function"    import path                  arguments of the function
    "method"      method name                  receiver, then arguments
    "operator"    `+ - * / // % ** @ & | == != < <= > >=` (two args), `neg`, `invert` (one)
    "index"       ""                           value, tuple of subscripts
    "set_index"   ""                           value, tuple of subscripts, new content; gives a changed copy
    "list"        ""                           the first items of a list that grows in a loop
    "none"        ""                           none; stands for a value in the mode in which it does not exist
    "read"        path below `self` ("cls", "embed.weight")   none
    "attribute"   attribute name (`T`, `mT`, `real`, …)        the tensor
    "update"      name of a buffer of the module      `=`, `+=`, …, the value; for an index write a tuple of subscripts
    "if"          "training"                          none; `bodies` are what runs in training and what runs else
    "conditional" "training"                          the same, written as an expression
    "autograd"    name of the function                its `Autograd`, then its inputs
    "loop"        "random"                            bounds of the number of rounds, upper excluded; initial values
    "loop"        "range"                             start, stop, step; initial values

    `result` holds the new values in the structure that the operation returns. `span` is the step or expression in the
    spec. What is kept for run time has `bodies`: an "if" gives a tuple of values, one for each of its bodies' results;
    a "loop" has one body, whose inputs are first the initial values and then the results of the round before, and gives
    those of the last round. A child that is applied again at sizes for which its code is other has it in `variant`, a
    module of kind "variant" with the child's own children.
    """

    op: str
    target: str
    args: tuple[Argument, ...]
    kwargs: dict[str, Argument]
    result: Structure
    span: Span | None = None
    bodies: tuple[Branch, ...] = ()
    variant: Module | None = None


@dataclass(eq=False, slots=True)
class Branch:
    """Nodes that run on some passes, or several times in one; they see the values around them.

    `variable` is the number of the round in a "loop" over a range.
    """

    nodes: list[Node] = field(default_factory=list)
    result: tuple[Value, ...] = ()
    inputs: tuple[Value, ...] = ()
    variable: Value | None = None


@dataclass(frozen=True, slots=True)
class LayerArgument:
    """An argument of a layer's constructor, as it is printed.

    `positional`: written without its name. `inferred`: filled in from the input, not written in the spec.
    """

    name: str
    value: Argument
    positional: bool
    inferred: bool = False
    span: Span | None = field(default=None, compare=False)  # of the value in the spec


@dataclass(eq=False, slots=True)
class Layer:
    """A leaf: a class of a library with its arguments. `prototype` is an instance on the meta device."""

    path: str  # import path of the class: "torch.nn.Conv2d"
    arguments: tuple[LayerArgument, ...]
    prototype: Any  # torch.nn.Module
    span: Span | None = None

    @property
    def class_name(self) -> str:
        return self.path.rsplit(".", 1)[-1]


@dataclass(eq=False, slots=True)
class Model(Layer):
    """A model of a library, `models.resnet18(…) { fc: Identity } at "layer3"`; `path` is its builder's.

    `replaced` has what stands in place of its submodules, by path; `taps` the paths of the submodules whose values are
    taken, () for the model's own result. `prototype` is the model after both; `pretrained` are the names of its
    parameters and buffers that get their values from weights. Equal keys have equal prototypes.
    """

    replaced: dict[str, Layer | Module] = field(default_factory=dict)
    taps: tuple[str, ...] = ()
    pretrained: frozenset[str] = frozenset()
    key: Any = None

    def above(self, name: str) -> str | None:
        """The path in `replaced` that a module or parameter of the prototype is at or under."""
        return next((path for path in self.replaced if name == path or name.startswith(f"{path}.")), None)


@dataclass(eq=False, slots=True)
class Declared:
    """A `parameter` or `buffer` statement: `value` is an `InitRef` or an argument expression node list."""

    name: str
    type: Type
    init: InitRef | None  # default initialisation by a function of torch.nn.init
    span: Span | None = None
    persistent: bool = True
    expression: Module | None = None  # a module without inputs, whose result is the initial value


@dataclass(frozen=True, slots=True)
class InitRef:
    """A function of `torch.nn.init` without its underscore, with keyword arguments: `normal(std=0.02)`."""

    name: str
    kwargs: tuple[tuple[str, Argument], ...] = ()


@dataclass(eq=False, slots=True)
class Module:
    """One application of a net, block, group or repeat.

    `name` is the block's or net's name, or for a group or repeat its label in CamelCase. `config` is a block's
    configuration by name (compile-time values). The first `own_inputs` inputs are those of the declaration; what a
    group reads of the enclosing body follows.
    """

    kind: str  # "net" | "block" | "group" | "repeat" | "variant"
    name: str
    inputs: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    result: Structure = ()
    children: dict[str, Layer | Module] = field(default_factory=dict)
    parameters: dict[str, Declared] = field(default_factory=dict)
    buffers: dict[str, Declared] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    own_inputs: int = 1
    span: Span | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """What the net needs of a symbolic dim: a sympy relation, and the step that asked for it."""

    relation: Any
    span: Span | None

    def __str__(self) -> str:
        return str(self.relation)


@dataclass(eq=False, slots=True)
class Net:
    """A model. `symbols` has each symbolic dim's name with its hint, or None; `root` is its module."""

    name: str
    root: Module
    outputs: tuple[tuple[str | None, Type], ...]
    symbols: dict[str, int | None]
    conditions: tuple[Condition, ...] = ()
    span: Span | None = None
    doc: str = ""

    @property
    def random_repeats(self) -> tuple[Node, ...]:
        """The repeats whose length is drawn at each pass: with one of them the net is no full graph to export."""
        return tuple(node for node in all_nodes(self.root) if node.op == "loop" and node.target == "random")

    @property
    def packs_sequences(self) -> bool:
        """Whether sequences are packed by their lengths, which torch.compile leaves out of graphs."""
        packed = "torch.nn.utils.rnn.pack_padded_sequence"
        return any(node.op == "function" and node.target == packed for node in all_nodes(self.root))


def submodules(module: Layer | Module) -> Iterator[Layer | Module]:
    """The direct submodules that the spec says: children, or what a model's submodules are replaced with."""
    if isinstance(module, Module):
        yield from module.children.values()
    elif isinstance(module, Model):
        yield from module.replaced.values()


def applied(module: Module, node: Node) -> Layer | Module:
    """What an "apply" node of a module runs."""
    return node.variant or module.children[node.target]


def inner_modules(module: Layer | Module) -> Iterator[Module]:
    """The nearest modules with nodes below a module: children, also those inside a model, and their variants."""
    if isinstance(module, Module):
        yield from (node.variant for node in walk(module.nodes) if node.variant)
    for child in submodules(module):
        if isinstance(child, Module):
            yield child
        else:
            yield from inner_modules(child)


def leaves(structure: Structure) -> Iterator[Value]:
    """The values of a structure or argument, in order."""
    if isinstance(structure, Value):
        yield structure
    elif isinstance(structure, (tuple, list)):
        for item in structure:
            yield from leaves(item)
    elif isinstance(structure, dict):
        for item in structure.values():
            yield from leaves(item)
    elif isinstance(structure, slice):
        yield from leaves((structure.start, structure.stop, structure.step))
    elif isinstance(structure, DeviceOf):
        yield structure.value


def uses(node: Node) -> Iterator[Value]:
    """The values that a node reads; what is within its bodies counts too."""
    yield from leaves(node.args)
    yield from leaves(node.kwargs)
    for body in node.bodies:
        for inner in body.nodes:
            yield from uses(inner)
        yield from leaves(body.result)


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """The nodes with those of their bodies, each before what is in it."""
    for node in nodes:
        yield node
        for body in node.bodies:
            yield from walk(body.nodes)


def all_nodes(root: Module | Layer) -> Iterator[Node]:
    """The nodes of a module and all in it, each distinct module once."""
    waiting, seen = [root], set()
    while waiting:
        module = waiting.pop()
        if isinstance(module, Module) and module not in seen:
            seen.add(module)
            for node in walk(module.nodes):
                yield node
                waiting += inner_bodies(node)
            waiting += module.children.values()


def inner_bodies(node: Node) -> tuple[Module, ...]:
    """The forward and backward of a function with its own gradient; nothing for other nodes."""
    return (node.args[0].forward, node.args[0].backward) if node.op == "autograd" else ()
