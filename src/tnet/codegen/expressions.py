"""Python expressions as values: built from the IR, compared for structure, rewritten, and printed by `printing`.

A `Literal` compares equal to every other, whatever it holds: two expressions are equal where they differ in literals
only, which is what lets instances of a block share a class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Union

MISSING = object()


@dataclass(frozen=True, slots=True)
class Literal:
    """A value known now. `hint` and `label` say what to call it where instances differ: `in_channels` of `conv1`.

    `default` is what the function called takes where it is not given; `inferred`: it follows from the input.
    """

    value: Any = field(compare=False)
    hint: str = field(default="", compare=False)
    label: str = field(default="", compare=False)
    default: Any = field(default=MISSING, compare=False)
    inferred: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Code:
    """Text that stands for itself, bound as tightly as a name."""

    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """Something to be imported: `torch.nn.Conv2d`."""

    path: str


@dataclass(frozen=True, slots=True)
class ClassRef:
    """A class of the file under generation (a `classes.Class`); it is named last."""

    cls: Any


@dataclass(frozen=True, slots=True)
class Ref:
    """A run-time value, by its number in the body."""

    index: int


@dataclass(frozen=True, slots=True)
class Dim:
    """A size read from a run-time value: `x.shape[axis]`."""

    index: int
    axis: int


@dataclass(frozen=True, slots=True)
class Keyword:
    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Call:
    function: Expr
    arguments: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    value: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    value: Expr
    subscripts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    start: Expr | None
    stop: Expr | None
    step: Expr | None


@dataclass(frozen=True, slots=True)
class Binary:
    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Unary:
    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Conditional:
    then: Expr
    test: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple or list, by its opening bracket; a tuple with the bracket "" stands bare."""

    bracket: str
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A dict."""

    items: tuple[tuple[Expr, Expr], ...]


@dataclass(frozen=True, slots=True)
class Copies:
    """`count` separately built copies: `*[item for _ in range(count)]`, or the item where the count is 1.

    `variable` is what an item that counts calls the number.
    """

    item: Expr
    count: Expr
    variable: str = "_"


@dataclass(frozen=True, slots=True)
class Noted:
    """An item of a sequence with the values (of `ir.Value`) that it takes and gives, for a comment on its line."""

    item: Expr
    taken: Any = field(compare=False)
    given: Any = field(compare=False)


Expr = Union[
    Literal, Code, Path, ClassRef, Ref, Dim, Keyword, Call, Attribute, Index, Slice, Binary, Unary, Conditional, Items,
    Pairs, Copies, Noted,
]  # fmt: skip


def rewrite(expr: Any, replace: Callable[[Any], Any]) -> Any:
    """The expression with each part for which `replace` gives something replaced by that (which is not entered)."""
    found = replace(expr)
    if found is not None:
        return found
    if isinstance(expr, tuple):
        return tuple(rewrite(each, replace) for each in expr)
    if not isinstance(expr, PARENTS):
        return expr
    return type(expr)(*(rewrite(getattr(expr, each.name), replace) for each in fields(expr)))


def parts(expr: Any) -> Iterator[Any]:
    """The expression and all its parts, in the order in which Python evaluates and the reader meets them."""
    if isinstance(expr, tuple):
        for each in expr:
            yield from parts(each)
        return
    yield expr
    if isinstance(expr, PARENTS):
        for each in fields(expr):
            yield from parts(getattr(expr, each.name))


PARENTS = (Keyword, Call, Attribute, Index, Slice, Binary, Unary, Conditional, Items, Pairs, Copies, Noted)


def literals(expr: Any) -> Iterator[Literal]:
    return (each for each in parts(expr) if isinstance(each, Literal))


def same(a: Any, b: Any) -> bool:
    """Whether two expressions are equal, literals included."""
    return a == b and [exact(each.value) for each in literals(a)] == [exact(each.value) for each in literals(b)]


def exact(value: Any) -> Any:
    """A value as one that equals only its like: neither `1 == True` nor `0.0 == -0.0` nor `nan != nan`."""
    if isinstance(value, (tuple, list)):
        return type(value).__name__, tuple(map(exact, value))
    return type(value).__name__, repr(value)


def depth(expr: Any) -> int:
    """How deep calls are nested; a chain of methods counts once."""
    if isinstance(expr, Call):
        receiver = expr.function.value if isinstance(expr.function, Attribute) else None
        return max(depth(receiver), 1 + max(map(depth, expr.arguments), default=0))
    return max(map(depth, _parts_of(expr)), default=0)


def _parts_of(expr: Any) -> Iterator[Any]:
    if isinstance(expr, tuple):
        yield from expr
    elif isinstance(expr, PARENTS):
        yield from (getattr(expr, name) for name in expr.__slots__)
