"""The summary of a net: a tree of its layers with output shapes, parameters, multiply-adds and lines of the spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

from ..diagnostics import error
from ..ir.graph import Layer, Module, Net, Node, Value, leaves, walk
from ..ir.sites import join
from ..ir.types import TensorType
from .dims import Dims
from .flops import multiply_adds
from .sizes import example_inputs, sizes
from .terminal import UNLIMITED, rendered


@dataclass(frozen=True)
class Row:
    """A module: `path` is its name in `state_dict`, `output` the shape of what it gives when first applied.

    `parameters` and `multiply_adds` (None where unknown) are those of all that is in it; `line` is the spec's.
    """

    path: str
    depth: int
    kind: str
    output: str
    parameters: int
    trainable: int
    multiply_adds: int | None
    line: int | None

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Summary:
    """`at` is the size of each symbolic dim that the multiply-adds are counted at."""

    net: Net
    rows: tuple[Row, ...]
    total: Row
    at: dict[str, int]

    def data(self) -> dict[str, Any]:
        """For programs: the rows and the total as plain data."""
        rows, total = [_entry(row) for row in self.rows], _entry(self.total)
        return {"net": self.net.name, "layers": rows, "total": total, "at": self.at}

    def table(self, width: int = UNLIMITED) -> str:
        """The text, at most `width` columns wide: what is longer is folded, never cut."""
        return f"{heading(self.net)}\n\n{_table(self.rows, width)}\n\n{_totals(self)}"

    def __str__(self) -> str:
        return self.table()


def summary(net: Net, source: str | None = None) -> Summary:
    """The summary of a net; `source` is its generated source, if that is at hand."""
    counts = multiply_adds(net, source)
    dims = Dims(net)
    outputs = ", ".join(dims.shape(kind) for _, kind in net.outputs)
    rows = tuple(_rows(net.root, "", 0, counts, dims))
    return Summary(net, rows, _row("", -1, net.root, outputs, counts), sizes(net))


def heading(net: Net) -> str:
    """`ResNet(image: float32[N, 3, H, W]) -> float32[N, 1000]`"""
    dims = Dims(net)
    inputs = ", ".join(f"{value.name}: {dims.type(value.type)}" for value in leaves(net.root.inputs))
    outputs = ", ".join(f"{name}: {dims.type(kind)}" if name else dims.type(kind) for name, kind in net.outputs)
    return f"{net.name}({inputs}) -> {outputs}"


def _rows(module: Module, path: str, depth: int, counts: dict[str, int] | None, dims: Dims) -> Iterator[Row]:
    outputs: dict[str, str] = {}
    for node in walk(module.nodes):
        if node.op == "apply":
            outputs.setdefault(node.target, ", ".join(dims.shape(value.type) for value in _given(node, module)))
    for name, each in module.parameters.items():
        elements = prod(each.type.dims)
        line = each.span and each.span.line
        yield Row(join(path, name), depth, "parameter", dims.shape(each.type), elements, elements, 0, line)
    for name, child in module.children.items():
        below = join(path, name)
        yield _row(below, depth, child, outputs.get(name, ""), counts)
        if isinstance(child, Module):
            yield from _rows(child, below, depth + 1, counts, dims)


def _given(node: Node, module: Module) -> list[Value]:
    """The tensors that an application gives; of a map, those that are read from it."""
    given = list(leaves(node.result))
    if any(isinstance(value.type, TensorType) for value in given):
        return given
    read = [each for each in module.nodes if each.op == "index" and each.args[0] in given]
    return [value for each in read for value in leaves(each.result)] or given


def _row(path: str, depth: int, module: Layer | Module, output: str, counts: dict[str, int] | None) -> Row:
    total, trainable = parameter_counts(module)
    count = None if counts is None else counts.get(path, 0)
    return Row(path, depth, _kind(module), output, total, trainable, count, module.span and module.span.line)


def _kind(module: Layer | Module) -> str:
    if isinstance(module, Layer):
        return module.class_name
    if module.kind == "repeat":
        return f"× {sum(node.op == 'apply' for node in module.nodes)}"
    return module.name if module.kind in ("block", "net") else ""


def parameter_counts(module: Layer | Module) -> tuple[int, int]:
    """The elements of all parameters in a module, and of those that have a gradient."""
    if isinstance(module, Layer):
        numbers = [(each.numel(), each.requires_grad) for each in module.prototype.parameters()]
        return sum(number for number, _ in numbers), sum(number for number, trained in numbers if trained)
    own = sum(prod(each.type.dims) for each in module.parameters.values())
    below = [parameter_counts(child) for child in module.children.values()]
    return own + sum(total for total, _ in below), own + sum(trained for _, trained in below)


def _entry(row: Row) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name != "depth"}


def _table(rows: tuple[Row, ...], width: int) -> str:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
    for title in ("layer", "class", "output"):
        table.add_column(title, overflow="fold")
    for title in ("parameters", "mult-adds", "line"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        numbers = (f"{row.parameters:,}" if row.parameters else "", readable(row.multiply_adds), str(row.line or ""))
        table.add_row(*map(Text, ("  " * row.depth + row.name, row.kind, row.output, *numbers)))
    return rendered(table, width)


def _totals(it: Summary) -> str:
    total = it.total
    lines = [f"parameters: {total.parameters:,} ({total.trainable:,} trainable)"]
    if total.multiply_adds is not None:
        at = ", ".join(f"{name} = {size}" for name, size in it.at.items())
        lines.append(f"multiply-adds: {readable(total.multiply_adds) or 0}" + (f" at {at}" if at else ""))
    return "\n".join(lines)


def readable(count: int | None) -> str:
    """`4.09 G`; nothing for none or no operations."""
    if not count:
        return ""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return str(count)


def torchsummary(model: Any, net: Net) -> str:
    """The table that the package torch-summary makes of a built model. Raises SpecError where it cannot run it."""
    import torchsummary as package

    inputs = example_inputs(net, "cpu")
    try:
        return str(package.summary(model, inputs, device="cpu", verbose=0))
    except (RuntimeError, TypeError, ValueError) as problem:
        reason = str(problem.__cause__ or problem).splitlines()[0]
        raise error("TN0404", f"torch-summary cannot run `{net.name}`: {reason}", net.span) from problem
