"""Compile-time values that can be applied: layers, functions, blocks, nets and definitions, with bound arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..diagnostics import Diagnostic, SpecError
from ..ir import text
from ..ir.graph import DTypeRef, TrainingChoice, TrainingFlag, Value, leaves
from ..ir.values import Call, Duration
from ..shapes import is_symbolic
from ..source import Span


@dataclass(frozen=True)
class Callee:
    """A layer, function or block, configured but not built.

    kind        target
    "layer"     catalog.LayerClass
    "function"  catalog.TensorFunction
    "method"    the name of a tensor method
    "block"     Declared (an ast.Block)
    "net"       Declared (an ast.Net)
    "def"       Declared (an ast.Def)
    "autograd"  Declared (an ast.Autograd)
    "class"     catalog.OwnClass, for the section `data`

    `args` and `kwargs` are bound as by `functools.partial`.
    """

    kind: str
    name: str
    target: Any
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()
    spans: tuple[tuple[str | int, Span], ...] = field(default=(), compare=False)
    names: tuple[tuple[str, Span], ...] = field(default=(), compare=False)

    def bind(self, args: Arguments) -> Callee:
        """With further arguments, later keywords in place of earlier ones."""
        shifted = {(key + len(self.args) if isinstance(key, int) else key): span for key, span in args.spans.items()}
        return replace(
            self,
            args=self.args + args.positional,
            kwargs=tuple({**dict(self.kwargs), **args.keywords}.items()),
            spans=tuple({**dict(self.spans), **shifted}.items()),
            names=tuple({**dict(self.names), **args.names}.items()),
        )

    @property
    def arguments(self) -> Arguments:
        return Arguments(self.args, dict(self.kwargs), dict(self.spans), dict(self.names))

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Arguments:
    """Evaluated arguments of a call; `spans` of values by keyword, or by number for positional ones; `names` holds the
    places of the keywords themselves."""

    positional: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    spans: dict[str | int, Span] = field(default_factory=dict)
    names: dict[str, Span] = field(default_factory=dict)

    def span(self, key: str | int, otherwise: Span) -> Span:
        return self.spans.get(key, otherwise)

    def name_span(self, key: str, otherwise: Span) -> Span:
        return self.names.get(key, otherwise)


@dataclass(frozen=True, eq=False)
class Declared:
    """A declaration of a file, with the globals of that file, in which its body is read."""

    node: Any  # ast.Block, ast.Net, ast.Def or ast.Autograd
    globals: Any  # elaborate.globals.Globals


class Unknown:
    """The value of what failed; the fault is reported, and whatever uses it is passed over in silence."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


class Skip(Exception):
    """What failed before is used here: the statement is given up without a further diagnostic.

    `unfinished` is the module whose body failed, as far as it came.
    """

    def __init__(self, unfinished: Any = None):
        super().__init__()
        self.unfinished = unfinished


class Faults:
    """What is wrong with the parts of one thing: each part is looked at, whatever is wrong with those before it."""

    def __init__(self):
        self.found: list[Diagnostic] = []
        self.skipped = False

    def of(self, read: Callable[..., Any], *args: Any) -> Any:
        """What `read` gives, or UNKNOWN where it fails."""
        try:
            return read(*args)
        except SpecError as problem:
            self.found += problem.diagnostics
        except Skip:
            self.skipped = True
        return UNKNOWN

    def __bool__(self) -> bool:
        return bool(self.found) or self.skipped

    def end(self) -> None:
        """Raises a SpecError of all that was found, or `Skip` where parts are unknown for an earlier fault."""
        if self.found:
            raise SpecError(self.found)
        if self.skipped:
            raise Skip


def describe(value: Any) -> str:
    """What kind of value this is, for messages."""
    kinds = {
        list: "a list", dict: "a map", tuple: "a tuple", type(None): "none", Duration: "a duration",
        DTypeRef: "a dtype", Call: "a name", range: "a range", TrainingFlag: "the mode of the model",
        TrainingChoice: "a value that depends on the mode",
    }  # fmt: skip
    if isinstance(value, Value):
        return f"a tensor `{value.type}`"
    if isinstance(value, Callee):
        return f"the {value.kind} `{value.name}`"
    if is_symbolic(value):
        return f"the symbolic size `{text.size(value)}`"
    if isinstance(value, (tuple, list)) and next(leaves(value), None):
        return f"a {type(value).__name__} of tensors"
    if type(value) in (bool, int, float, str):
        return f"`{text.argument(value)}`"
    return kinds.get(type(value), type(value).__name__)
