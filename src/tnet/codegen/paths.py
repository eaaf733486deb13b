"""Names along branches and rounds: what is one value after them has one name at the end of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import expressions as py
from .statements import Statement


@dataclass
class Named:
    """A statement with names for its values, and what stands around it.

    `before`: aliases to bind first, `identity = x`. `sizes`: for a value that the statement defines, the axes read of
    it and their names. `dead`: names to delete after it.
    """

    statement: Statement
    names: dict[int, str]
    inlined: dict[tuple[int, int], str]
    before: list[tuple[str, str]] = field(default_factory=list)
    sizes: list[tuple[int, dict[int, str]]] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)

    def fill(self, expr: Any) -> Any:
        """An expression of the statement with names for values and sizes."""

        def replace(part: Any) -> Any:
            if isinstance(part, py.Items) and part.items and all(map(self._is_unused, part.items)):
                return py.Code("_")
            return name_of(part, self.names, self.inlined)

        return py.rewrite(expr, replace)

    def _is_unused(self, part: py.Expr) -> bool:
        return isinstance(part, py.Ref) and self.names[part.index] == "_" or part == py.Code("_")


@dataclass
class Open:
    """A choice or loop under way: its first statement, what names hold before it and at the end of each branch, and the
    moves there."""

    statement: Statement
    before: dict[str, int]
    ends: list[dict[str, int]] = field(default_factory=list)
    moves: list[Named] = field(default_factory=list)


class Paths:
    """Names what the statements of a choice or loop bind; part of a `Namer`."""

    def __init__(self, namer: Any):
        self.namer = namer
        self.open: list[Open] = []

    def name(self, at: int, statement: Statement) -> Named:
        namer = self.namer
        named = Named(statement, dict(namer.names), namer.locals)
        if statement.op == "for":
            self._name_rounds(at, statement, named)
        if statement.op in ("if", "for"):
            self.open.append(Open(statement, dict(namer.holder)))
        elif statement.op == "move":
            self.open[-1].ends.append(dict(namer.holder))
            self.open[-1].moves.append(named)
        elif statement.op == "else":
            namer.holder = dict(self.open[-1].before)
        else:
            self._end(at, statement, named)
        return named

    def _name_rounds(self, at: int, statement: Statement, named: Named) -> None:
        """Names for the number of the round and for what goes from round to round."""
        found: dict[int, str] = {}
        for index in statement.defined:
            found[index] = self.namer.choose(index, at, statement, named.before, set(found.values()))
        for index, name in found.items():
            self.namer.bind(index, name)
        named.names = dict(self.namer.names)

    def _end(self, at: int, statement: Statement, named: Named) -> None:
        """After it each name holds what it held before, if no path changed that, or what the paths made."""
        done = self.open.pop()
        namer = self.namer
        unchanged = {
            name: index for name, index in done.before.items() if all(end.get(name) == index for end in done.ends)
        }
        if done.statement.op == "for":
            carried = done.statement.defined[-len(statement.defined) :]
            found = {value: namer.names[each] for value, each in zip(statement.defined, carried, strict=False)}
        else:
            found = self._merged(at, statement, done)
        namer.holder = unchanged
        for index, name in found.items():
            namer.bind(index, name)
            for move in done.moves:
                move.names[index] = name
        named.names.update(found)
        named.sizes = [(index, sizes) for index in found if (sizes := namer.size_names(index))]

    def _merged(self, at: int, statement: Statement, done: Open) -> dict[int, str]:
        found: dict[int, str] = {}
        for place, index in enumerate(statement.defined):
            sources = [_source(move.statement.expr.items[place]) for move in done.moves]
            wanted = self._wanted(index, at, statement, sources)
            found[index] = next(
                name for name in wanted if name not in found.values() and self._is_free(name, at, sources, done)
            )
        return found

    def _wanted(self, index: int, at: int, statement: Statement, sources: list[int | None]) -> Iterator[str]:
        """Names for a value, best first: that of a value it comes from, so that nothing need be moved."""
        namer = self.namer
        names = [namer.names[source] for source in sources if source is not None]
        plain = list(namer.wanted(index, at, statement))
        yield from sorted(dict.fromkeys(names), key=lambda name: (name not in plain, -names.count(name)))
        yield from plain
        yield from (f"{plain[0]}{number}" for number in range(2, len(namer.body.values) + 3))

    def _is_free(self, name: str, at: int, sources: list[int | None], done: Open) -> bool:
        """Whether on each path the name may be given to the value: nothing else needs it after the paths."""
        if name in self.namer.taken or name == "_":
            return False
        held = [(end.get(name), source) for end, source in zip(done.ends, sources, strict=True)]
        return all(value in (None, source) or not self.namer.live.after(value, at) for value, source in held)


def _source(expr: py.Expr) -> int | None:
    return expr.index if isinstance(expr, py.Ref) else None


def name_of(part: Any, names: dict[int, str], sizes: dict[tuple[int, int], str]) -> py.Expr | None:
    """The name of a value or size."""
    if isinstance(part, py.Ref):
        return py.Code(names[part.index])
    if isinstance(part, py.Dim):
        return py.Code(sizes.get((part.index, part.axis)) or f"{names[part.index]}.shape[{part.axis}]")
    return None
