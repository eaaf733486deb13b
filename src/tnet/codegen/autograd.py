"""Functions with their own gradient: what a `torch.autograd.Function` says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..ir import graph as ir
from ..ir.autograd import Autograd
from . import expressions as py
from .bodies import MODULE, Body, Constructor
from .effects import live_nodes
from .lists import whole_lists
from .nodes import Converter
from .steps import NOTHING, Flattener, Step

APPLY = "apply"
CONTEXT = py.Code("ctx")


@dataclass(frozen=True)
class FunctionBody:
    """The two bodies of a function.

    `saved` are the values of `forward` that `backward` takes, by their numbers among its inputs, each with what it is:
    ("input", number), ("result", number), or None for another, which only `forward` itself can save. Of those in
    `measured` it needs sizes only.
    """

    forward_body: Body
    backward_body: Body
    saved: tuple[tuple[int, tuple[str, int] | None], ...]
    measured: tuple[tuple[int, int], ...]
    definition: Autograd = field(compare=False)

    declarations = ()
    children = ()

    @property
    def module(self) -> ir.Module:
        return self.definition.forward

    @property
    def has_context(self) -> bool:
        """Whether `forward` itself saves values."""
        return any(place is None for _, place in self.saved)

    def expressions(self) -> Iterator[py.Expr]:
        yield from self.forward()

    def constructor(self) -> Iterator[py.Expr]:
        """Nothing: a function has no state."""
        return iter(())

    def forward(self) -> Iterator[py.Expr]:
        yield from self.forward_body.forward()
        yield from self.backward_body.forward()


def function_body(definition: Autograd, constructor: Constructor) -> FunctionBody:
    """The bodies of a function, given how those that it applies are called."""
    backward, gradients = _body(definition.backward, definition.gradients, constructor)
    backward = replace(backward, result=returned(gradients))
    read = {part.index for part in py.parts(tuple(backward.forward())) if isinstance(part, py.Ref)}
    places = dict(enumerate(map(_place(definition), definition.saved), definition.backward.own_inputs))
    measured = {index: place[1] for index, place in places.items() if place and index not in read}
    saved = {index: place for index, place in places.items() if index not in measured}
    inner = [definition.saved[index - definition.backward.own_inputs] for index in saved]
    forward = _forward(definition, inner if None in saved.values() else [], constructor)
    return FunctionBody(forward, backward, tuple(saved.items()), tuple(measured.items()), definition)


def _place(definition: Autograd) -> Callable[[ir.Value], tuple[str, int] | None]:
    def place(value: ir.Value) -> tuple[str, int] | None:
        if value in definition.forward.inputs:
            return "input", definition.forward.inputs.index(value)
        return ("result", definition.results.index(value)) if value in definition.results else None

    return place


def _forward(definition: Autograd, saved: list[ir.Value], constructor: Constructor) -> Body:
    """The body of `forward`, which saves these values."""
    count = len(definition.results)
    body, given = _body(definition.forward, (*definition.results, *saved), constructor)
    if saved:
        save = py.Call(py.Attribute(CONTEXT, "save_for_backward"), given[count:])
        body = replace(body, steps=(*body.steps, Step("save", save, NOTHING, None)))
    return replace(body, result=returned(given[:count]))


def returned(values: tuple[py.Expr, ...]) -> py.Expr:
    """One value, or a bare tuple."""
    return values[0] if len(values) == 1 else py.Items("", values)


def values_of(result: py.Expr) -> tuple[py.Expr, ...]:
    """What `returned` was made of."""
    return result.items if isinstance(result, py.Items) and not result.bracket else (result,)


def _body(module: ir.Module, results: tuple[Any, ...], constructor: Constructor) -> tuple[Body, tuple[py.Expr, ...]]:
    """The steps of a body, and the expressions of these values at its end."""
    converter = Converter(module.inputs, constructor=constructor)
    apart = tuple((each,) for each in results)
    nodes, _ = whole_lists(live_nodes(replace(module, result=apart)), apart)
    steps = tuple(Flattener(converter, set()).steps(nodes))
    given = tuple(map(converter.argument, results))
    return Body(MODULE, len(module.inputs), (), (), steps, None, module, tuple(converter.values)), given
