"""What tricks and observers may do at each point of the loop. The loop calls only what a hook defines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from .state import State

Batch = Mapping[str, "Tensor"]
Results = Mapping[str, Any]


class Hook:
    """A trick or an observer: one a file. Each method is a point of the loop.

    `traceable` says that `after_backward` does nothing but compute with gradients, and may be part of a compiled step.
    """

    traceable = False

    def on_batch(self, state: State, batch: Batch) -> Batch:
        """A batch is on the device; gives what is trained on in its place. Scalars in it are for the whole batch."""
        return batch

    def after_backward(self, state: State) -> None:
        """Gradients are there, the optimizer has not moved."""

    def may_update(self, state: State, loss: Tensor) -> bool:
        """Whether the optimizer moves now; `loss` is on the device."""
        return True

    def after_update(self, state: State) -> None:
        """The optimizer has moved; `state.step` does not count the step yet."""

    def after_step(self, state: State, loss: Tensor) -> None:
        """The optimizer and the schedule have moved, and `state` counts the step; `loss` is on the device."""

    def before_evaluation(self, state: State) -> None:
        """The model that is the result so far is about to be used."""

    def evaluated(self, state: State, results: Results) -> None:
        """An evaluation is done: `val.loss` and the metrics, as numbers."""

    def message(self, text: str) -> None:
        """Something to tell the user."""

    def stopped(self, state: State) -> None:
        """Training stops before its end, and has been saved."""

    def failed(self, state: State, reason: str) -> None:
        """Training ends here, as the loss is no number."""

    def ended(self, state: State, results: Results) -> None:
        """Training is over: all results, `seconds` among them."""


def collect(hooks: Iterable[Hook], point: str) -> list[Callable]:
    """The methods of those hooks that define this point, in order."""
    return [getattr(hook, point) for hook in hooks if getattr(type(hook), point) is not getattr(Hook, point)]
