"""The losses of a recipe as operations that go on from the net's outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..diagnostics import SpecError
from ..ir.types import TensorType
from ..source import Span
from .context import Training
from .flow import Tensor, flow_of
from .targets import Target, target_of


@dataclass(frozen=True)
class LossCall:
    """A loss or function of tensors in a loss expression: `inputs` are what it compares."""

    name: str
    inputs: tuple[Tensor, ...]
    span: Span | None


USUAL = 64
"""The size of a symbolic dim without a hint, while the shapes of a loss are inferred."""


def loss_calls(training: Training) -> list[LossCall]:
    """The losses of a recipe; of an expression, all operations in it."""
    return [call for choice in training.recipe.losses.values() for call in _calls_of(training, choice)]


def _calls_of(training: Training, choice: Any) -> list[LossCall]:
    known = target_of(training.data)
    if choice.is_expression:
        return list(_of_expression(training, choice, known))
    target = Tensor(known.type(_samples(training)) if known else TensorType("float32", ()))
    inputs = tuple(target if role == "target" else training.flow.outputs[role] for role in choice.roles)
    return [LossCall(choice.name, inputs, choice.span)]


def _samples(training: Training) -> Any:
    kind = training.net.root.inputs[0].type
    return kind.dims[0] if isinstance(kind, TensorType) and kind.dims else 0


def _of_expression(training: Training, choice: Any, known: Target | None) -> Iterator[LossCall]:
    from ..elaborate.losses import elaborate_loss

    given = {value.name: each for value, each in zip(training.net.root.inputs, training.flow.inputs, strict=True)}
    given |= {name: training.flow.outputs[number] for name, number in choice.outputs.items()}
    hints = {name: hint or USUAL * (n + 1) for n, (name, hint) in enumerate(training.net.symbols.items())}
    kinds = list(_known(known, training) if known else _usual(training))
    for kind in kinds:
        types = {name: given[name].type if name in given else kind for name in choice.names}
        try:
            net = elaborate_loss(choice.value, types, hints, choice.span)
        except SpecError:
            continue
        fields = Tensor(kinds[0] if known else kind)
        for op in flow_of(net, [given.get(name, fields) for name in choice.names]).ops:
            yield LossCall(op.name, op.inputs, op.node.span)
        return


def _known(target: Target, training: Training) -> Iterator[TensorType]:
    """The type of the target, and as floats: a loss that takes no integers is told of by a lint."""
    kind = target.type(_samples(training))
    yield from (kind, TensorType("float32", kind.dims))


def _usual(training: Training) -> Iterator[TensorType]:
    """Types that a target of unknown data may have: classes, numbers like the output, tokens like the input."""
    output, given = training.flow.outputs[0].type, training.flow.inputs[0].type
    if isinstance(output, TensorType) and isinstance(given, TensorType):
        yield TensorType("int64", output.dims[:1])
        yield output
        yield TensorType("int64", (*output.dims[:1], *output.dims[2:]))
        yield TensorType("int64", given.dims)
