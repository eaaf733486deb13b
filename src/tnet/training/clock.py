"""How long a run has taken, over all its sittings."""

from __future__ import annotations

import time
from typing import Any


class Clock:
    """Seconds since `started` (of `time.monotonic()`), and those of the sittings before."""

    def __init__(self, started: float):
        self.started, self.before = started, 0.0

    @property
    def seconds(self) -> float:
        return self.before + time.monotonic() - self.started

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.before = state["seconds"]
