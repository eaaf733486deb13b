"""Names for run-time values: the spec's own, each free again once its value is dead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from . import expressions as py
from .bodies import Body
from .liveness import Liveness
from .paths import Named, Paths
from .sizes import data_sizes
from .statements import FLOW, Statement, refs
from .steps import CONTROL
from .words import clean, numbered, unused

SIDE_NAMES = ("y", "z")
SIZE_LETTERS = {3: "NLC", 4: "NCHW", 5: "NCDHW"}

ALWAYS_TAKEN = frozenset(
    {
        "DetectorFeatures",
        "detect",
        "self",
        "torch",
        "nn",
        "F",
        "models",
        "einops",
        "OrderedDict",
        "partial",
        "range",
        "getattr",
        "super",
        "_",
        "replace_submodules",
        "feature_extractor",
    }
)


class Namer:
    """Names the values of one forward, statement by statement.

    `first` are sizes that are needed before all else. `worth_deleting` picks from values that live on under a name
    after their last use; it is told until which statement each named value lives, by itself and at the least. `known`
    has what sizes are read as that are no local names.
    """

    def __init__(
        self,
        body: Body,
        statements: list[Statement],
        taken: set[str],
        first: tuple[py.Expr, ...] = (),
        worth_deleting: Callable[[list[int], dict[int, int], dict[int, int]], set[int]] = lambda *_: set(),
        known: Mapping[tuple[int, int], str] | None = None,
    ):
        self.body = body
        self.first = first
        self.worth_deleting = worth_deleting
        self.statements = statements
        self.taken = taken | ALWAYS_TAKEN
        self.names: dict[int, str] = {}
        self.holder: dict[str, int] = {}
        self.locals: dict[tuple[int, int], str] = dict(known or {})
        self.live = Liveness(statements)
        self.last_use = self.live.last
        self.flow = [
            (at, index) for at, statement in enumerate(statements) for index in statement.defined
            if statement.part_of is None and body.values[index].name == FLOW
        ]  # fmt: skip
        self.local_axes = self._axes_to_keep()
        self.paths = Paths(self)

    def run(self) -> tuple[list[str], dict[int, dict[int, str]], list[Named]]:
        """The names of the inputs, the sizes read of them at the start, and the statements."""
        for index in range(self.body.inputs):
            names = chain(self._plain(index), numbered(clean(self.body.values[index].name)))
            self.bind(index, next(each for each in names if each not in self.taken and each not in self.holder))
        inputs = [self.names[index] for index in range(self.body.inputs)]
        sizes = {index: found for index in range(self.body.inputs) if (found := self.size_names(index))}
        named = [self._name(at, statement) for at, statement in enumerate(self.statements)]
        self._delete_dead(named)
        return inputs, sizes, named

    # ---- one statement -------------------------------------------------------------------------------------------

    def _name(self, at: int, statement: Statement) -> Named:
        if statement.op in CONTROL:
            return self.paths.name(at, statement)
        before: list[tuple[str, str]] = []
        fresh: dict[int, str] = {}
        names = dict(self.names)
        for index in statement.defined:
            siblings = {*fresh.values(), *self._read_after_copy(statement)}
            fresh[index] = self.choose(index, at, statement, before, siblings)
        for index, name in fresh.items():
            self.bind(index, name)
        sizes = [(index, found) for index in fresh if (found := self.size_names(index))]
        return Named(statement, names | fresh, self.locals, before, sizes)

    def _read_after_copy(self, statement: Statement) -> set[str]:
        """The names of what is read once the copy that an index write goes into has its name."""
        if statement.op != "set_index":
            return set()
        copied = set(refs(statement.expr.value))
        return {self.names[index] for index in {*refs(statement.content), *refs(statement.expr.subscripts)} - copied}

    def is_read(self, index: int) -> bool:
        """Whether a value is used after it is made, if only for its sizes."""
        return index in self.last_use or index in self.local_axes

    def choose(
        self, index: int, at: int, statement: Statement, before: list[tuple[str, str]], siblings: set[str]
    ) -> str:
        """A name for a value; `before` gets the aliases to bind first."""
        if not self.is_read(index) and statement.target is None:
            return "_"
        wanted = list(self.wanted(index, at, statement))
        for name in wanted:
            if name in siblings:
                continue
            if self._is_free(name, at):
                return name
            if alias := self._alias(name, at, siblings):
                before.append((alias, name))
                self.bind(self.holder[name], alias)
                return name
        return next(name for name in numbered(wanted[0]) if name not in siblings and self._is_free(name, at))

    def wanted(self, index: int, at: int, statement: Statement) -> Iterator[str]:
        """Names for a value, best first."""
        value = self.body.values[index]
        if value.name != FLOW:
            yield from self._plain(index)
        elif statement.part_of is not None:
            if statement.part_of and not self._is_live_at(statement.part_of, at):
                yield clean(statement.part_of)
            yield from SIDE_NAMES
        elif self._is_kept(index, at):
            yield from map(clean, value.aliases)
            if statement.op == "apply" and statement.node.target.isidentifier():
                yield statement.node.target
            yield "skip"
        else:
            yield FLOW
            yield from map(clean, value.aliases)
            yield "out"

    def _plain(self, index: int) -> Iterator[str]:
        value = self.body.values[index]
        yield clean(value.name)
        yield from map(clean, value.aliases)

    def _is_kept(self, index: int, at: int) -> bool:
        """Whether the flow goes on to another value while this one is still needed."""
        if self.live.branches:
            return any(at < other and self.live.after(index, other) for other, value in self.flow if value != index)
        last = self.last_use.get(index, at)
        return any(at < other < last for other, value in self.flow if value != index)

    def _is_live_at(self, name: str, at: int) -> bool:
        return name in self.holder and self.live.at(self.holder[name], at)

    def _is_free(self, name: str, at: int) -> bool:
        return name not in self.taken and not (name in self.holder and self.live.after(self.holder[name], at))

    def _alias(self, name: str, at: int, siblings: set[str]) -> str | None:
        """Another name that the spec has for the live value that holds this one, free before the statement runs."""
        if name not in self.holder or self.live.is_apart(self.holder[name], at):
            return None
        aliases = map(clean, self.body.values[self.holder[name]].aliases)
        return next((alias for alias in aliases if alias not in siblings and self._is_free(alias, at - 1)), None)

    def bind(self, index: int, name: str) -> None:
        self.names[index] = name
        if name != "_":
            self.holder[name] = index

    # ---- sizes ---------------------------------------------------------------------------------------------------

    def _axes_to_keep(self) -> dict[int, list[int]]:
        """The axes of each value that are read more than once, or after the value is dead."""
        counts: Counter[tuple[int, int]] = Counter()
        late = {(part.index, part.axis) for part in py.parts(self.first) if isinstance(part, py.Dim)}
        for at, statement in enumerate(self.statements):
            for part in py.parts(statement.read()):
                if isinstance(part, py.Dim):
                    counts[part.index, part.axis] += 1
                    if not self.live.at(part.index, at) or self.live.is_apart(part.index, at):
                        late.add((part.index, part.axis))
        kept: dict[int, list[int]] = {}
        wanted = late | {key for key, count in counts.items() if count > 1}
        for index, axis in sorted(wanted - self.locals.keys()):
            kept.setdefault(index, []).append(axis)
        return kept

    def size_names(self, index: int) -> dict[int, str]:
        """Names of the sizes to be kept of a value; they are never used for anything else."""
        found = {}
        for axis in self.local_axes.get(index, ()):
            wanted = self._letter(index, axis)
            name = unused(wanted, self.taken | self.holder.keys())
            self.taken.add(name)
            self.locals[index, axis] = found[axis] = name
        return found

    def _letter(self, index: int, axis: int) -> str:
        dims = self.body.values[index].type.dims
        symbols = sorted(map(str, dims[axis].free_symbols))
        if len(symbols) == 1 and not data_sizes(dims[axis]):
            return clean(symbols[0])
        return SIZE_LETTERS.get(len(dims), "")[axis : axis + 1] or "size"

    # ---- memory --------------------------------------------------------------------------------------------------

    def _delete_dead(self, named: list[Named]) -> None:
        """Let go of dead values that would raise the peak, if layers with parameters are still to come."""
        if self.live.branches:
            return  # where a value dies depends on the path
        heavy = max((at for at, statement in enumerate(self.statements) if statement.heavy), default=-1)
        natural = self._bound_until(named)
        early = {index: self.last_use.get(index, until) for index, until in natural.items()}
        lingering = [index for index in natural if early[index] < min(natural[index], heavy)]
        for index in sorted(self.worth_deleting(lingering, natural, early)):
            named[early[index]].dead.append(self.names[index])

    def _bound_until(self, named: list[Named]) -> dict[int, int]:
        """For each value that has a name, the statement that gives the name to another, or the last."""
        found: dict[int, int] = {}
        holder: dict[str, int] = {}

        def bind(name: str, index: int | None, at: int) -> None:
            if name in holder:
                found[holder.pop(name)] = at
            if index is not None:
                holder[name] = index
                found[index] = len(named) - 1

        for at, each in enumerate(named):
            for alias, name in each.before:
                bind(alias, holder.pop(name, None), at)
            for index in each.statement.defined:
                bind(each.names[index], index, at)
        return found
