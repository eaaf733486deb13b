"""Which names to delete: those that would raise the peak memory of a forward if they lived on.

Live bytes are counted operation by operation at the hints, with views in the memory of what they are views of, and with
the peak inside each submodule. What autograd keeps is kept in any case and does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ..ir import graph as ir
from ..ir.types import TensorType, Type
from .bodies import Body
from .effects import live_nodes

UNKNOWN_SIZE = 8  # a symbolic size without a hint
MOST_CANDIDATES = 100
MOST_BODIES = 20
WIDTHS = {"bool": 1, "complex32": 4, "complex64": 8, "complex128": 16}


@dataclass(frozen=True)
class Part:
    """One operation: the values that it gives and reads, the one in whose memory its result lies, and its submodule."""

    gives: tuple[ir.Value, ...]
    reads: tuple[ir.Value, ...]
    source: ir.Value | None = None
    child: ir.Layer | ir.Module | None = None


@dataclass
class Meter:
    """Measures values at the hints, and peaks inside modules, each once."""

    hints: Mapping[str, int]
    inside: dict[int, int] = field(default_factory=dict)

    def bytes(self, kind: Type) -> int:
        if not isinstance(kind, TensorType):
            return 0
        total = WIDTHS.get(kind.dtype) or int("".join(filter(str.isdigit, kind.dtype))) // 8
        for dim in kind.dims:
            total *= dim if isinstance(dim, int) else self._at_hints(dim)
        return total

    def _at_hints(self, dim: Any) -> int:
        return int(dim.subs({each: self.hints.get(each.name, UNKNOWN_SIZE) for each in dim.free_symbols}))

    def peak_inside(self, child: ir.Layer | ir.Module | None) -> int:
        """The most that a submodule holds at once of what it makes, if it lets go of each value after its last use."""
        if not isinstance(child, ir.Module):
            return 0
        if id(child) not in self.inside:
            parts = [part_of(node, child) for node in live_nodes(child)]
            last = {value: at for at, part in enumerate(parts) for value in part.reads}
            last |= dict.fromkeys(ir.leaves(child.result), len(parts))
            self.inside[id(child)] = self.peak(parts, last)
        return self.inside[id(child)]

    def peak(self, parts: Sequence[Part], release: Mapping[ir.Value, int]) -> int:
        """The most bytes at once; `release` has the part after which each value is let go."""
        changes = [0] * (len(parts) + 2)
        homes: dict[ir.Value, tuple[int, int]] = {}  # of a value that has memory of its own: where made, where freed
        owner: dict[ir.Value, ir.Value] = {}
        for at, part in enumerate(parts):
            for value in part.gives:
                owner[value] = owner.get(part.source, part.source) if part.source is not None else value
                made, freed = homes.get(owner[value], (at, at))
                homes[owner[value]] = made, max(freed, release.get(value, at))
        for value, (made, freed) in homes.items():
            if value in owner:  # inputs are the caller's
                changes[made] += self.bytes(value.type)
                changes[min(freed, len(parts)) + 1] -= self.bytes(value.type)
        held = accumulate(changes)
        return max((live + self._more(part) for live, part in zip(held, parts, strict=False)), default=0)

    def _more(self, part: Part) -> int:
        """What a submodule holds at its peak beyond its result, which is counted already."""
        return max(0, self.peak_inside(part.child) - sum(self.bytes(value.type) for value in part.gives))


def part_of(node: ir.Node | None, module: ir.Module) -> Part:
    """A node as an operation on the IR's values. What a parameter takes is there anyway; None only frames others."""
    if node is None or node.op == "read":
        return Part((), ())
    child = module.children[node.target] if node.op == "apply" else None
    reads = tuple(ir.uses(node))
    in_place = isinstance(child, ir.Layer) and getattr(child.prototype, "inplace", False) is True
    source = reads[0] if reads and (in_place or is_view(node)) else None
    return Part(tuple(ir.leaves(node.result)), reads, source, child)


VIEWS = frozenset(
    "view transpose permute unsqueeze squeeze expand unbind chunk split narrow select unflatten movedim swapaxes"
    " diagonal flatten t detach".split()
)
"""Methods and functions whose result lies, or mostly lies, in their input's memory."""


def is_view(node: ir.Node) -> bool:
    if node.op in ("method", "function"):
        return node.target.rsplit(".", 1)[-1] in VIEWS
    if node.op == "index":
        return not any(ir.leaves(node.args[1]))
    return node.op == "attribute" and node.target in ("T", "mT", "real", "imag")


def worth_deleting(
    bodies: list[Body], order: list[list[int]], meter: Meter
) -> Callable[[list[int], dict[int, int], dict[int, int]], set[int]]:
    """Chooses the fewest values whose deletion keeps the peak as low as deleting all candidates would.

    `bodies` are the instances of a class; `order` has the steps that each statement does, by number.
    """
    ends = list(accumulate(len(steps) for steps in order))
    operations = [
        ([part_of(body.steps[number].node, body.module) for steps in order for number in steps], body.values)
        for body in bodies[:MOST_BODIES]
    ]

    def peaks(after: Mapping[int, int]) -> list[int]:
        found = []
        for parts, values in operations:
            release = {value: at for at, part in enumerate(parts) for value in part.reads}
            release |= {values[index]: ends[at] - 1 for index, at in after.items()}
            found.append(meter.peak(parts, release))
        return found

    def choose(candidates: list[int], natural: dict[int, int], early: dict[int, int]) -> set[int]:
        deleted = set(candidates)
        if not 0 < len(candidates) <= MOST_CANDIDATES:
            return deleted
        lowest = peaks(natural | {index: early[index] for index in deleted})
        for index in candidates:
            without = peaks(natural | {each: early[each] for each in deleted - {index}})
            if all(peak <= least for peak, least in zip(without, lowest, strict=True)):
                deleted.discard(index)
        return deleted

    return choose
