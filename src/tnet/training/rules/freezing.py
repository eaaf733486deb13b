"""`freeze = 3 epochs`: parameters get no gradient at first; their optimizer's state starts when they thaw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from ...diagnostics import SpecError, error
from ...ir.values import Duration
from ...parameters import RuleTable
from ...source import Span
from ..hooks import Batch, Hook
from ..optimizers import tensors_of
from ..state import State


@dataclass(frozen=True)
class Thaw:
    """Parameters that get gradients once `step` steps are done. `rule` names them to the user."""

    step: int
    rule: str
    tensors: Sequence[nn.Parameter]


class Freezing(Hook):
    """Thaws parameters when their time has come. A thawed parameter's gradients are new to the compiled code, so
    `rebuild` is called; the schedule of its group has gone on meanwhile.

    What is frozen follows from the steps done by `state`, whose counts are restored before its parts.
    """

    def __init__(
        self,
        thaws: Sequence[Thaw],
        state: State,
        steps_per_epoch: int,
        rebuild: Callable[[], None],
        say: Callable[[str], None],
    ):
        self.thaws, self.state, self.steps_per_epoch = thaws, state, steps_per_epoch
        self.rebuild, self.say = rebuild, say
        self.at(state.step)

    def at(self, step: int) -> None:
        """Make parameters as they are when so many steps are done."""
        self.due = [thaw for thaw in self.thaws if thaw.step > step]
        for thaw in self.thaws:
            _require_gradients(thaw, thaw.step <= step)

    def on_batch(self, state: State, batch: Batch) -> Batch:
        now = [thaw for thaw in self.due if thaw.step <= state.step]
        if now:
            self.at(state.step)
            self.rebuild()
            names = " and ".join(f"`{thaw.rule}`" for thaw in now)
            self.say(f"epoch {state.step / self.steps_per_epoch:g}, step {state.step}: {names} thaws")
        return batch

    def state_dict(self) -> dict[str, Any]:
        return {"frozen": [thaw.rule for thaw in self.due]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.at(self.state.step)


def _require_gradients(thaw: Thaw, wanted: bool) -> None:
    for tensor in thaw.tensors:
        tensor.requires_grad_(wanted)
        if not wanted:
            tensor.grad = None


def thaws_of(table: RuleTable, model: nn.Module, steps_per_epoch: int, total_steps: int) -> list[Thaw]:
    """The thaws of a run, a rule's together. Raises SpecError as `thaw_steps` does."""
    together: dict[int, list[str]] = {}
    steps = thaw_steps(table, steps_per_epoch, total_steps)
    for name in steps:
        together.setdefault(id(table.entries[name]["freeze"]), []).append(name)
    return [
        Thaw(steps[names[0]], str(table.entries[names[0]]["freeze"].rule), tensors_of(model, names))
        for names in together.values()
    ]


def thaw_steps(table: RuleTable, steps_per_epoch: int, total_steps: int) -> dict[str, int]:
    """The parameters that are frozen at first, with the steps done when each thaws.

    Raises SpecError (TN0803) for a freeze that is longer than the run.
    """
    found: dict[str, int] = {}
    for name, entry in table.having("freeze").items():
        if isinstance(table.freeze(name), Duration):
            found[name] = in_steps(entry.value, steps_per_epoch)
            if found[name] > total_steps:
                raise too_long(entry.value, f"{total_steps} steps", entry.property.value_span)
    return found


def in_steps(duration: Duration, steps_per_epoch: int) -> int:
    return round(duration.value * (steps_per_epoch if duration.unit == "epochs" else 1))


def too_long(duration: Duration, run: str, span: Span) -> SpecError:
    message = f"a freeze of {duration} is longer than the run, which has {run}"
    return error("TN0803", message, span, help="write `freeze = true` for what is never to be trained")
