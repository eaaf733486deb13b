"""Which values are still needed, along branches and rounds."""

from __future__ import annotations

from collections.abc import Iterator

from .regions import Region, exclusive
from .statements import Statement


class Liveness:
    """`last` has the place of each value's last use; an input's own place is -1."""

    def __init__(self, statements: list[Statement]):
        self.regions = list(regions_of(statements))
        self.branches = any(self.regions)
        self.last: dict[int, int] = {}
        self.uses: dict[int, list[int]] = {}
        self.places: dict[int, int] = {}
        for at, statement in enumerate(statements):
            for index in statement.used:
                self.last[index] = at
                self.uses.setdefault(index, []).append(at)
            if statement.op == "for":
                given = len(statement.content.items)  # these go from round to round, whether a round reads them or not
                self.last.update(dict.fromkeys(statement.defined[len(statement.defined) - given :], at))
            if statement.op != "move":
                self.places.update(dict.fromkeys(statement.defined, at))

    def after(self, index: int, at: int) -> bool:
        """Whether a value may be used after a statement has run."""
        if not self.branches:
            return self.last.get(index, -1) > at
        return any(self._reaches(at, use, index) for use in self.uses.get(index, ()))

    def at(self, index: int, at: int) -> bool:
        """Whether a value may be used by a statement or after it."""
        if not self.branches:
            return self.last.get(index, -1) >= at
        return at in self.uses.get(index, ()) or self.after(index, at)

    def is_apart(self, index: int, at: int) -> bool:
        """Whether a value was made in another branch or round than that of a statement."""
        return self.branches and self._region(self.places.get(index, -1)) != self._region(at)

    def _region(self, at: int) -> Region:
        return self.regions[at] if at >= 0 else ()

    def _reaches(self, at: int, use: int, index: int) -> bool:
        here, there = self._region(at), self.regions[use]
        if use > at:
            return not exclusive(here, there)
        rounds = (a[0] for a, b in zip(here, there, strict=False) if a == b and a[2])
        return any(start > self.places.get(index, -1) for start in rounds)


def regions_of(statements: list[Statement]) -> Iterator[Region]:
    """The branches and loops around each statement; what opens or ends one stands outside."""
    open_: list[tuple[int, int, bool]] = []
    for at, statement in enumerate(statements):
        if statement.op == "end":
            open_.pop()
        key = open_.pop()[0] if statement.op == "else" else at
        yield tuple(open_)
        if statement.op in ("if", "else", "for"):
            open_.append((key, int(statement.op == "else"), statement.op == "for"))
