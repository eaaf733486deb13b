"""The facts of a summary: a row for each module of a net, and the totals."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from ..ir.graph import Layer, Module, Net, leaves
from ..source import Span
from .dims import Dims
from .rules_in_force import InForce


@dataclass(frozen=True)
class Row:
    """A module: `path` is its name in `state_dict`, `output` the shape of what it gives when first applied.

    `parameters` and `multiply_adds` (None where unknown) are those of all that is in it, `trainable` those that have a
    gradient at some time; `gradient` is when: "yes", "never", "after 3 epochs", "of some", "" without parameters.
    `rules` are those of a layer's parameters and of the module itself; `line` is the spec's.
    """

    path: str
    depth: int
    kind: str
    output: str
    parameters: int
    trainable: int
    multiply_adds: int | None
    line: int | None
    gradient: str = ""
    rules: tuple[InForce, ...] = ()

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def data(self) -> dict[str, Any]:
        """For programs."""
        names = ("path", "kind", "output", "parameters", "trainable", "gradient", "multiply_adds", "line")
        return {name: getattr(self, name) for name in names} | {"rules": [each.data() for each in self.rules]}


@dataclass(frozen=True)
class SummaryFacts:
    """`at` is the size of each symbolic dim that the multiply-adds and the memory are counted at; `memory` has bytes of
    parameters, buffers and what all steps give in one pass. With `until`, the net is wrong there, and this is all
    before it.
    """

    net: Net
    rows: tuple[Row, ...]
    total: Row
    at: dict[str, int]
    memory: dict[str, int]
    until: Span | None = None

    def data(self) -> dict[str, Any]:
        """For programs: the rows and the total as plain data."""
        rows, total = [row.data() for row in self.rows], self.total.data()
        plain = {"net": self.net.name, "layers": rows, "total": total, "at": self.at, "memory": self.memory}
        return plain | ({"until": self.until.place} if self.until else {})


def heading(net: Net) -> str:
    """`ResNet(image: float32[N, 3, H, W]) -> float32[N, 1000]`"""
    dims = Dims(net)
    inputs = ", ".join(f"{value.name}: {dims.type(value.type)}" for value in leaves(net.root.inputs))
    outputs = ", ".join(f"{name}: {dims.type(kind)}" if name else dims.type(kind) for name, kind in net.outputs)
    return f"{net.name}({inputs})" + (f" -> {outputs}" if outputs else "")


def parameter_counts(module: Layer | Module) -> tuple[int, int]:
    """The elements of all parameters in a module, and of those that have a gradient."""
    if isinstance(module, Layer):
        numbers = [(each.numel(), each.requires_grad) for each in module.prototype.parameters()]
        return sum(number for number, _ in numbers), sum(number for number, trained in numbers if trained)
    own = sum(prod(each.type.dims) for each in module.parameters.values())
    below = [parameter_counts(child) for child in module.children.values()]
    return own + sum(total for total, _ in below), own + sum(trained for _, trained in below)


def readable(count: int | None) -> str:
    """`4.09 G`; nothing for none or no operations."""
    if not count:
        return ""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return str(count)
