"""SGD on inputs that are not normalised.

Plain gradient descent takes the same rate for all directions. Inputs with a mean far from zero, or of unlike scales,
make the loss a narrow valley: with a rate that is safe in one direction, others hardly move.

Write `Normalize(mean="auto", std="auto")` in `transform`, start the net with a norm, or take `Adam`. Data given as
tensors may be normalised already and is not meant.
Source: LeCun et al., Efficient backprop, 1998, section 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from ..ir.program import Conditional, DataSection
from ..ir.types import TensorType
from ..ir.values import Call
from .context import Context, Training
from .flow import destinations
from .kinds import NORMS
from .registry import lint
from .targets import TARGETS, training_sources

CODE = "TN1016"

WRONG = """\
net Small(v: float[N, 13]) -> float[N, 3] {
  Linear(3)
}

data {
  train = Wine()
  split = [0.8, 0.2]
}

train {
  epochs    = 5
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = SGD(lr=0.1)
}
"""

RIGHT = """\
net Small(v: float[N, 13]) -> float[N, 3] {
  Linear(3)
}

data {
  train = Wine()
  split = [0.8, 0.2]
  transform: { Normalize(mean="auto", std="auto") }
}

train {
  epochs    = 5
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = SGD(lr=0.1)
}
"""

MEASUREMENTS = TARGETS.keys() | {"Table", "ImageList"}
NORMALISING = frozenset({"Normalize", "LinearTransformation"})
RESCALING = NORMS | {"normalize", "-", "/", "*", "if"}
"""What may normalise at the start of a net."""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for training in context.trainings:
        optimizer, source = training.recipe.optimizer, _measured(training.data)
        if optimizer.name == "SGD" and source and not _normalised(training):
            yield warning(
                CODE, "`SGD` on inputs that are not normalised", optimizer.span,
                Note(f"samples come as `{source.name}` gives them", source.span),
                help='write `transform: { Normalize(mean="auto", std="auto") }` in `data`',
            )  # fmt: skip


def _measured(data: DataSection | None) -> Call | None:
    """The first source of the training samples, if all are pictures or measurements as they were taken."""
    calls = training_sources(data)
    raw = all(call.target is None and call.name in MEASUREMENTS for call in calls)
    return calls[0] if calls and raw else None


def _normalised(training: Training) -> bool:
    given = training.flow.inputs[0]
    if not isinstance(given.type, TensorType) or not given.type.dtype.startswith("float"):
        return True
    steps = [step for pipeline in training.data.pipelines.values() for step in pipeline.steps]
    calls = (step.call if isinstance(step, Conditional) else step for step in steps)
    return any(each.name in NORMALISING for each in calls) or any(
        each.name in RESCALING for each in destinations(given)
    )
