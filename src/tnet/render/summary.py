"""The summary of a net: a tree of its layers with output shapes, parameters, multiply-adds and lines of the spec."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import prod
from typing import Any

from ..diagnostics import error
from ..ir.graph import Layer, Module, Net, Node, Value, leaves, walk
from ..ir.sites import join
from ..ir.types import TensorType
from ..ir.values import Duration
from ..parameters import RuleTable
from ..source import Span
from .dims import Dims
from .flops import multiply_adds
from .memory import memory
from .rules_in_force import InForce, in_force
from .sizes import example_inputs, sizes
from .summary_facts import Row, SummaryFacts, parameter_counts
from .summary_text import text
from .terminal import UNLIMITED


class Summary(SummaryFacts):
    """A summary to be looked at: `print` it, or take it as plain data."""

    def table(self, width: int = UNLIMITED, depth: int | None = None, columns: Sequence[str] = ()) -> str:
        """The text, at most `width` columns wide: what is longer is folded, never cut. Equal copies that follow one
        another are told once, as `× 6`, with the figures of one.

        `depth` leaves out what lies in so many others; `columns` are names of `summary_text.COLUMNS`.
        """
        return text(self, width, depth, columns)

    def __str__(self) -> str:
        return self.table()


def summary(net: Net, source: str | None = None, table: RuleTable | None = None, until: Span | None = None) -> Summary:
    """The summary of a net; `source` is its generated source, if that is at hand, `table` what the rules say.

    With `until` the net is only there up to that step, and cannot run: multiply-adds are not known.
    """
    counts = multiply_adds(net, source) if until is None else None
    builder = _Rows(counts, Dims(net), table)
    outputs = ", ".join(builder.dims.shape(kind) for _, kind in net.outputs)
    rows = tuple(builder.below(net.root, "", 0))
    at = sizes(net)
    return Summary(net, rows, builder.row("", -1, net.root, outputs), at, memory(net, at), until)


class _Rows:
    def __init__(self, counts: dict[str, int] | None, dims: Dims, table: RuleTable | None):
        self.counts = counts
        self.dims = dims
        self.table = table

    def below(self, module: Module, path: str, depth: int) -> Iterator[Row]:
        """The rows of all that is in a module."""
        outputs: dict[str, str] = {}
        for node in walk(module.nodes):
            if node.op == "apply":
                shapes = (self.dims.shape(value.type) for value in _given(node, module))
                outputs.setdefault(node.target, ", ".join(shapes))
        for name, each in module.parameters.items():
            full, elements, line = join(path, name), prod(each.type.dims), each.span and each.span.line
            trainable, gradient = self.gradients(full, elements, elements)
            rules = self.rules(full, within=False)
            shape = self.dims.shape(each.type)
            yield Row(full, depth, "parameter", shape, elements, trainable, 0, line, gradient, rules)
        for name, child in module.children.items():
            below = join(path, name)
            yield self.row(below, depth, child, outputs.get(name, ""))
            if isinstance(child, Module):
                yield from self.below(child, below, depth + 1)

    def row(self, path: str, depth: int, module: Layer | Module, output: str) -> Row:
        total, trained = parameter_counts(module)
        trainable, gradient = self.gradients(path, total, trained)
        count = None if self.counts is None else self.counts.get(path, 0)
        rules = self.rules(path, within=isinstance(module, Layer))
        line = module.span and module.span.line
        return Row(path, depth, _kind(module), output, total, trainable, count, line, gradient, rules)

    def rules(self, path: str, within: bool) -> tuple[InForce, ...]:
        return tuple(in_force(self.table, path, within)) if self.table else ()

    def gradients(self, path: str, total: int, trained: int) -> tuple[int, str]:
        """The elements at `path` that ever have a gradient, of `trained` that could have one, and when they have it."""
        frozen = self.frozen(path) if self.table else {False: trained}
        trainable = max(0, trained - frozen.pop(True, 0))
        return trainable, _when(total, trainable, frozen.keys()) if total and self.table else ""

    def frozen(self, path: str) -> dict[bool | Duration, int]:
        """The elements at `path` by what rules say of their freezing."""
        found: dict[bool | Duration, int] = {}
        for name in self.table.matcher.sites.parameters_in(path) or [path]:
            if site := self.table.parameters.get(name):
                when = self.table.freeze(name)
                found[when] = found.get(when, 0) + prod(site.shape)
        return found


def _when(total: int, trainable: int, thaws: Collection[bool | Duration]) -> str:
    """When all of what can be trained has a gradient."""
    if not trainable:
        return "never"
    if trainable < total or len(thaws) > 1:
        return "of some"
    (thaw,) = thaws or (False,)
    return f"after {thaw}" if thaw else "yes"


def _given(node: Node, module: Module) -> list[Value]:
    """The tensors that an application gives; of a map, those that are read from it."""
    given = list(leaves(node.result))
    if any(isinstance(value.type, TensorType) for value in given):
        return given
    read = [each for each in module.nodes if each.op == "index" and each.args[0] in given]
    return [value for each in read for value in leaves(each.result)] or given


def _kind(module: Layer | Module) -> str:
    if isinstance(module, Layer):
        return module.class_name
    if module.kind == "repeat":
        copies = sum(node.op == "apply" for node in module.nodes)
        return f"× {copies}" if copies else ""
    return module.name if module.kind in ("block", "net") else ""


def torchsummary(model: Any, net: Net) -> str:
    """The table that the package torch-summary makes of a built model. Raises SpecError where it cannot run it."""
    import torchsummary as package

    inputs = example_inputs(net, "cpu")
    try:
        return str(package.summary(model, inputs, device="cpu", verbose=0))
    except (RuntimeError, TypeError, ValueError) as problem:
        reason = str(problem.__cause__ or problem).splitlines()[0]
        raise error("TN0404", f"torch-summary cannot run `{net.name}`: {reason}", net.span) from problem
