"""What is told of samples that cannot be read: each once, in `metrics.jsonl` and on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..data.loaders import Loader
from .hooks import Hook, Results

if TYPE_CHECKING:
    from torch import Tensor

    from .log import Sink
    from .state import State


class Skipped(Hook):
    """Tells of samples that the loaders have skipped, and keeps them, by part and number, as a part of the state."""

    def __init__(self, loaders: Mapping[str, Loader], sinks: list[Sink], say: Callable[[str], None]):
        self.loaders, self.sinks, self.say = loaders, sinks, say
        self.known: dict[str, dict[str, str]] = {name: {} for name in loaders}

    def after_step(self, state: State, loss: Tensor) -> None:
        self._tell(state)

    def evaluated(self, state: State, results: Results) -> None:
        self._tell(state)

    def ended(self, state: State, results: Results) -> None:
        self._tell(state)

    def _tell(self, state: State) -> None:
        for part, loader in self.loaders.items():
            known = self.known[part]
            for sample, reason in loader.skipped.items() if len(loader.skipped) > len(known) else ():
                if str(sample) not in known:
                    known[str(sample)] = reason
                    self.say(f"skipped a sample of `{part}`: {reason}")
                    for sink in self.sinks:
                        sink({"event": "skip", "step": state.step, "part": part, "sample": sample, "reason": reason})

    def records(self) -> dict[str, Any]:
        """What `run.yaml` says of them; empty where there are none."""
        found = {part: {"count": len(known), "samples": dict(known)} for part, known in self.known.items() if known}
        return {"skipped": found} if found else {}

    def state_dict(self) -> dict[str, Any]:
        return {"known": self.known}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.known = {part: dict(known) for part, known in state["known"].items()}
        for part, loader in self.loaders.items():
            loader.skipped |= {int(sample): reason for sample, reason in self.known.get(part, {}).items()}
