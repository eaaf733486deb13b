"""Where a body is elaborated: its names, its labels, and the module that it builds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..diagnostics import Diagnostic, Note, SpecError, error
from ..ir.graph import Layer, Module, Net, Node, Structure, Value, leaves
from ..source import Source, Span
from ..syntax import ast
from .callees import UNKNOWN, Skip

MISSING = object()

LARGEST_STEPS = 100_000
LARGEST_OPERATIONS = 1_000_000
LARGEST_FAULTS = 100


@dataclass(frozen=True)
class Unsettled:
    """The value of a name that has one on some paths only; `why` says on which."""

    why: str


@dataclass
class Work:
    """What the whole elaboration shares: diagnostics found so far, limits, imported specs by their files, and the
    Python modules that are used."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    steps: int = 0
    operations: int = 0
    seen: set[Any] = field(default_factory=set)
    imported: dict[Path, Source] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)
    unfinished: dict[str, Net] = field(default_factory=dict)  # wrong nets, as far as they came

    def report(self, problem: SpecError) -> None:
        """Keep what is wrong, each thing once, however often a loop meets it."""
        for each in problem.diagnostics:
            key = (each.code, each.span, each.message)
            if key not in self.seen:
                self.seen.add(key)
                if len(self.seen) > LARGEST_FAULTS:
                    raise LimitReached(error("TN0901", f"more than {LARGEST_FAULTS:,} faults"))
                self.diagnostics.append(each)

    def count_operation(self, span: Span, times: int = 1) -> None:
        self.operations += times
        if self.operations > LARGEST_OPERATIONS:
            raise LimitReached(error("TN0901", f"more than {LARGEST_OPERATIONS:,} compile-time operations", span))

    def count_step(self, span: Span) -> None:
        self.steps += 1
        if self.steps > LARGEST_STEPS:
            raise LimitReached(error("TN0901", f"more than {LARGEST_STEPS:,} elaborated steps", span))


class LimitReached(Exception):
    """A limit of the whole elaboration; nothing goes on after it."""

    def __init__(self, problem: SpecError):
        self.problem = problem
        super().__init__(str(problem))


@dataclass(frozen=True)
class Active:
    """A declaration while its body is elaborated, and where it is applied."""

    name: str
    span: Span | None


@dataclass
class NetState:
    """What one net's elaboration shares: sizes of symbols, what operators asked of them, blocks done before."""

    hints: dict[str, int] = field(default_factory=dict)
    relations: list[tuple[Any, Span]] = field(default_factory=list)
    blocks: dict[Any, Module] = field(default_factory=dict)
    active: dict[int, Active] = field(default_factory=dict)  # what is being elaborated, by the identity of its tree
    data_sizes: dict[Any, tuple[Any, ...]] = field(default_factory=dict)  # by what they depend on
    bytes: int = 0
    variants: dict[Any, tuple[Module, Module]] = field(default_factory=dict)  # with the module that each is one of
    submodules: dict[int, int] = field(default_factory=dict)  # in each module, by its identity
    unfinished: list[tuple[Module, str, Module]] = field(default_factory=list)  # by what they are in, with their names


@dataclass(frozen=True)
class Builder:
    """How a submodule that is a block or group is made: `bind` gives the values of its inputs, in order, from what a
    step gives it; `build` makes it for such values; `types` are those of the values that it was first made for."""

    bind: Callable[[Any, Span], list[Any]]
    build: Callable[[list[Any]], Module]
    types: Any


@dataclass(eq=False)
class Frame:
    """A body under elaboration. `parent` is the enclosing body of a group, whose names it can read."""

    work: Work
    globals: Any  # elaborate.globals.Globals
    net: NetState | None = None
    module: Module | None = None
    parent: Frame | None = None
    names: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)
    labels: dict[str, Span] = field(default_factory=dict)
    numbered: bool = False
    reserved: frozenset[str] = frozenset()  # labels that the text of the body gives somewhere
    captured: dict[Value, Value] = field(default_factory=dict)
    builders: dict[str, Builder] = field(default_factory=dict)
    copies: int = 1  # of a repeat, of which this is the frame
    replay: list[str] | None = None  # the unlabelled children of a shared repeat's round, while it goes round again
    section: bool = False  # names that the spec does not know are for the section's library to explain
    failed: bool = False
    block: list[Node] | None = None  # where nodes go while code kept for run time is elaborated
    mode: str = ""  # "training" or "eval" where code is elaborated that runs in that mode alone
    named_before: bool = False  # in a `for` kept for run time, whose layers were named before it
    applied: dict[str, tuple] = field(default_factory=dict)  # what each submodule was first given
    hidden: set[Value] = field(default_factory=set)  # values of code kept for run time that is over

    def find(self, name: str) -> Any:
        """The value of a name in this body or one around it, or MISSING. Raises `Skip` for what failed."""
        if name in self.names:
            value = self.names[name]
            if value is UNKNOWN:
                raise Skip
            return value
        if self.parent is None:
            return MISSING
        return self.capture(self.parent.find(name))

    def find_callee(self, name: str) -> Any:
        """The same of a name that is called."""
        return self.find(name)

    def fault(self, problem: SpecError) -> None:
        """Report what is wrong where it is clear what was meant; elaboration goes on with that."""
        self.work.report(problem)
        frame: Frame | None = self
        while frame is not None:
            frame.failed, frame = True, frame.parent

    def capture(self, value: Any) -> Any:
        """A value of the enclosing body as seen here: tensors become inputs of this body's module."""
        if isinstance(value, Value):
            if value not in self.captured:
                inner = Value(value.aliases[-1] if value.aliases else value.name, value.type, value.span)
                self.captured[value] = inner
                self.module.inputs.append(inner)
            return self.captured[value]
        if isinstance(value, (tuple, list)) and any(leaves(value)):
            return type(value)(map(self.capture, value))
        if isinstance(value, dict) and any(leaves(value)):
            return {key: self.capture(item) for key, item in value.items()}
        return value

    def bind(self, name: ast.Name, value: Any) -> None:
        """Give a name a value; fresh tensors take it as theirs."""
        if self.parent is not None and name.text != "x" and self.is_outer(name.text):
            raise error(
                "TN0206", f"`{name.text}` belongs to the enclosing body and cannot be assigned in a group", name.span,
                help="give the group's own value another name, or return it from the group",
            )  # fmt: skip
        if isinstance(value, Value) and name.text != value.name and value is not self.names.get(name.text):
            self.rename(value, name.text)
        self.names[name.text] = value
        self.places[name.text] = name.span

    def rename(self, value: Value, name: str) -> None:
        fresh = not any(held is value for held in self.names.values()) and value not in self.module.inputs
        if fresh and not value.aliases and self.captured.get(value) is None:
            value.name = name
        else:
            value.aliases.append(name)

    def is_outer(self, name: str) -> bool:
        if name in self.names:
            return False
        parent = self.parent
        while parent is not None:
            if name in parent.names:
                return True
            parent = parent.parent
        return False

    def emit(self, node: Node) -> Structure:
        if self.module is None:
            raise error("TN0206", "a tensor operation cannot stand here", node.span)
        self.work.count_step(node.span)
        self.check_mode((node.args, node.kwargs), node.span)
        (self.module.nodes if self.block is None else self.block).append(node)
        return node.result

    def check_mode(self, structure: Any, span: Span) -> None:
        """Raises SpecError for a value that does not exist in every mode in which it is used here."""
        for value in leaves(structure):
            if value.only and value.only != self.mode:
                raise only_in(value, span)

    def child(self, name: str) -> Layer | Module:
        return self.module.children[name]


MODES = {"training": ("in training", "{0} if training else …"), "eval": ("in eval mode", "{0} if not training else …")}
"""Each mode with its words, and how a value that exists in it alone is read."""


def only_in(value: Value, span: Span) -> SpecError:
    """The error for the use of a value in a mode in which it does not exist."""
    words, better = MODES[value.only]
    if value.span == span:
        help = "give each a name, `a, b = image -> …`, or take it by its key, and go on with those that always exist"
        return error("TN0201", f"of these values some exist {words} only", span, help=help)
    help = f"say what stands in its place: `{better.format(value.name)}`"
    message = f"`{value.name}` has a value {words} only"
    return error("TN0201", message, span, Note("it comes from here", value.span), help=help)
