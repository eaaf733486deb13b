"""What the instances of a class differ in, as constructor arguments.

Anti-unification: the literals of all instances are laid side by side. A column that never changes stays as it is. Of
the others, equal ones are one argument, and one that is a fixed multiple or quotient of another is computed from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import permutations
from typing import Any

from torch import nn

from ..ir.types import TensorType
from . import expressions as py
from .bodies import Body
from .nodes import SELF, is_plain
from .relations import are_whole, holds, multiple, offset, product, quotient, share, weight, weighted_sum
from .words import clean, unused

WINDOWS = ("kernel", "stride", "padding", "dilation")
WIDTHS = ("channels", "features", "size", "dim", "shape", "width", "planes")

VAGUE = ("num_features", "num_channels", "normalized_shape", "size", "value", "index")
"""Keywords that say less of an argument than another layer's would."""


@dataclass(eq=False)
class Argument:
    """A constructor argument, with its value in each instance.

    `kinds` are those of the literals equal to it, `first` is the place of the first of them; `given`: it is a size of
    the input; `stored`: it is read in forward, as `self.name`.
    """

    name: str
    values: tuple[Any, ...]
    kinds: frozenset[str] = frozenset()
    first: int = 0
    given: bool = False
    stored: bool = False

    @property
    def is_width(self) -> bool:
        return "width" in self.kinds and all(type(value) is int for value in self.values)


@dataclass(frozen=True)
class Formula:
    """A literal that changes, in terms of arguments.

    op      arguments  factors        in Python
    ""      one                       `a`
    "*"     one        one            `2 * a`
    "//"    one        one            `a // 2`
    "-"     one        one            `a - 1`
    "add"   one        one            `a + 32`
    "part"  one        one            `64 // a`
    "+"     several    as many        `a + 2 * b`
    "a*b"   two                       `a * b`
    "a//b"  two                       `a // b`
    """

    arguments: tuple[Argument, ...]
    op: str = ""
    factors: tuple[int, ...] = ()

    def python(self, place: Callable[[Argument], py.Expr]) -> py.Expr:
        """In Python; `place` says where an argument is read."""
        terms = [place(argument) for argument in self.arguments]
        match self.op:
            case "":
                return terms[0]
            case "*" | "+":
                return reduce(partial(py.Binary, "+"), map(_scaled, terms, self.factors))
            case "add":
                return py.Binary("+", terms[0], py.Literal(self.factors[0]))
            case "part":
                return py.Binary("//", py.Literal(self.factors[0]), terms[0])
            case "a*b" | "a//b":
                return py.Binary(self.op.strip("ab"), *terms)
        return py.Binary(self.op, terms[0], py.Literal(self.factors[0]))


def _scaled(term: py.Expr, factor: int) -> py.Expr:
    return term if factor == 1 else py.Binary("*", py.Literal(factor), term)


@dataclass(eq=False)
class Column:
    """Literals that are equal in each instance, of the first of which they are, and their values in all.

    `of_input`: an input of the module has a size of these values.
    """

    values: tuple[Any, ...]
    first: int
    literals: list[py.Literal] = field(default_factory=list)
    in_forward: bool = False
    of_input: bool = False

    @property
    def given(self) -> bool:
        """Whether this says nothing but what the input is: that is never worked out from other sizes."""
        return self.of_input and all(literal.inferred for literal in self.literals)

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(_kind(literal.hint) for literal in self.literals)


def _kind(hint: str) -> str:
    if any(word in hint for word in WINDOWS):
        return "window"
    return "width" if hint != "dim" and any(word in hint for word in WIDTHS) else hint


@dataclass
class Unified:
    """The arguments of a class, and what takes the place of each literal of the first instance that changes."""

    arguments: list[Argument]
    formulas: dict[int, Formula]

    def constructor(self, expr: Any) -> Any:
        """An expression of `__init__`."""
        return self.fill(expr, lambda argument: py.Code(argument.name))

    def forward(self, expr: Any) -> Any:
        """An expression of `forward`."""
        return self.fill(expr, lambda argument: py.Attribute(SELF, argument.name))

    def fill(self, expr: Any, place: Callable[[Argument], py.Expr]) -> Any:
        """An expression with arguments, read at `place`, for the literals that change."""

        def replace(part: Any) -> Any:
            if isinstance(part, py.Call) and any(map(self._is_default, part.arguments)):
                given = tuple(each for each in part.arguments if not self._is_default(each))
                return py.rewrite(py.Call(part.function, given), replace)
            formula = self.formulas.get(id(part)) if isinstance(part, py.Literal) else None
            return formula and formula.python(place)

        return py.rewrite(expr, replace)

    def _is_default(self, argument: py.Expr) -> bool:
        """Whether a keyword says, in all instances, what the function takes anyway."""
        value = argument.value if isinstance(argument, py.Keyword) else None
        return (
            isinstance(value, py.Literal)
            and value.default is not py.MISSING
            and id(value) not in self.formulas
            and py.exact(value.value) == py.exact(value.default)
        )


def unify(bodies: list[Body], taken: set[str]) -> Unified:
    """The arguments of the class that has these bodies. `taken` are names that an argument cannot have."""
    changing = columns(bodies)
    taken = taken | attributes(bodies[0])
    arguments = _configured(bodies, changing, taken)
    names = taken | {argument.name for argument in arguments}
    formulas: dict[int, Formula] = {}
    for column in changing:
        formula = explain(column, arguments)
        if formula is None:
            name = _name(column.literals, names)
            arguments.append(Argument(name, column.values, column.kinds, column.first, column.given))
            names.add(arguments[-1].name)
            formula = Formula((arguments[-1],))
        for argument in formula.arguments:
            argument.stored |= column.in_forward
        formulas.update((id(literal), formula) for literal in column.literals)
    used = dict.fromkeys(argument for formula in formulas.values() for argument in formula.arguments)
    return Unified(sorted(used, key=lambda argument: (not argument.is_width, argument.first)), formulas)


def attributes(body: Body) -> set[str]:
    """Names that an argument kept in the module, or read in one of its loops, would clash with."""
    declared = {declaration.name for declaration in body.declarations}
    counters = {part.variable for part in py.parts(tuple(body.constructor())) if isinstance(part, py.Copies)}
    return {*dir(nn.Module), *(name for name, _ in body.children), *declared, *counters}


def columns(bodies: list[Body]) -> list[Column]:
    """What changes, in the order in which the class shows it; equal literals together."""
    rows = [list(py.literals(tuple(body.expressions()))) for body in bodies]
    constructor = sum(1 for _ in py.literals(tuple(bodies[0].constructor())))
    inputs = set(zip(*(_input_sizes(body) for body in bodies), strict=False))
    found: dict[Any, Column] = {}
    for place, literal in enumerate(rows[0]):
        values = tuple(row[place].value for row in rows)
        exact = tuple(map(py.exact, values))
        if len(set(exact)) > 1:
            column = found.setdefault(exact, Column(values, place, of_input=exact in inputs))
            column.literals.append(literal)
            column.in_forward |= place >= constructor
    return list(found.values())


def _input_sizes(body: Body) -> list[Any]:
    types = [value.type for value in body.module.inputs]
    return [py.exact(size) for each in types if isinstance(each, TensorType) for size in each.dims]


def _configured(bodies: list[Body], changing: list[Column], taken: set[str]) -> list[Argument]:
    """The block's own configuration, where it says what changes: as it is first, then in a formula."""
    direct, indirect = [], []
    for name in bodies[0].module.config:
        values = tuple(body.module.config.get(name) for body in bodies)
        if name in taken or clean(name) != name or not all(map(is_plain, values)):
            continue
        same = next((column for column in changing if _equal(column.values, values)), None)
        if same:
            direct.append(Argument(name, values, same.kinds, same.first, same.given))
        else:
            indirect.append(Argument(name, values, first=len(changing)))
    rest = [column for column in changing if explain(column, direct) is None]
    return direct + [each for each in indirect if any(explain(column, [*direct, each]) for column in rest)]


def explain(column: Column, arguments: list[Argument]) -> Formula | None:
    """The column in terms of the arguments."""
    for argument in arguments:
        if _equal(column.values, argument.values):
            return Formula((argument,))
    if column.given or not are_whole(column.values):
        return None
    arguments = [argument for argument in arguments if are_whole(argument.values)]
    likely = [argument for argument in arguments if not argument.kinds or column.kinds & argument.kinds]
    likely.sort(key=lambda argument: argument.first)
    for argument in likely:
        if "depth" in column.kinds and holds(lambda size, base: size == base - 1, column.values, argument.values):
            return Formula((argument,), "-", (1,))
    multiples = [(found, argument) for argument in likely if (found := multiple(column.values, argument.values))]
    if multiples:
        (factor, op), argument = min(multiples, key=lambda each: each[0])
        return Formula((argument,), op, (factor,))
    for argument in likely:
        if more := offset(column.values, argument.values):
            return Formula((argument,), "add", (more,))
    return _sum(column, likely) or _of_two(column, [each for each in arguments if "window" not in each.kinds])


def _sum(column: Column, arguments: list[Argument]) -> Formula | None:
    weights = weighted_sum(column.values, [argument.values for argument in arguments])
    if not weights:
        return None
    terms = [(argument, weight) for argument, weight in zip(arguments, weights, strict=True) if weight]
    terms.sort(key=lambda term: term[1] != 1)
    return Formula(tuple(argument for argument, _ in terms), "+", tuple(weight for _, weight in terms))


def _of_two(column: Column, arguments: list[Argument]) -> Formula | None:
    """A width as a product or quotient with something else: `expansion * channels`, `channels // heads`."""
    if "width" not in column.kinds:
        return None
    for first, second in permutations(arguments, 2):
        widths = second.is_width or not (first.kinds or second.kinds)
        if widths and product(column.values, first.values, second.values):
            return Formula((first, second), "a*b")
        if quotient(column.values, first.values, second.values) and (first.is_width or not first.kinds):
            return Formula((first, second), "a//b")
        if first.is_width and "depth" in second.kinds and len(set(zip(first.values, second.values, strict=True))) > 2:
            if times := weight(column.values, first.values, second.values):
                return Formula((first, second), "+", (1, times))
    if not column.in_forward:
        return None
    parts = ((argument, share(column.values, argument.values)) for argument in arguments)
    return next((Formula((argument,), "part", (whole,)) for argument, whole in parts if whole), None)


def _equal(a: tuple, b: tuple) -> bool:
    return py.exact(a) == py.exact(b)


def _name(literals: list[py.Literal], taken: set[str]) -> str:
    """A name for a new argument: a layer's keyword for it, or with the child's label where that is taken."""
    literal = next((each for each in literals if each.hint not in VAGUE), literals[0])
    hint = literal.hint or "value"
    label = f"{literal.label}_{hint}" if literal.label.isidentifier() else hint
    return clean(hint) if clean(hint) not in taken else unused(label, taken)
