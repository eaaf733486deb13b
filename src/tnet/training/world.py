"""The processes that train together. On one device there is one, and nothing here does anything."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..diagnostics import error
from ..source import Span


@dataclass(frozen=True)
class World:
    rank: int
    size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and talks to the user."""
        return self.rank == 0

    def seed(self, number: int) -> None:
        """Start the generators that a model draws from. `torch.manual_seed` would also note down, each time, what to
        do for devices that are not in use."""
        torch.default_generator.manual_seed(number)
        if self.device.type in ("cuda", "mps"):
            getattr(torch, self.device.type).manual_seed(number)


def single(device: str, span: Span | None = None) -> World:
    """The world of one process on a device; "auto" takes an accelerator if there is one. Raises SpecError (TN0802)."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        reason = str(problem).splitlines()[0].rstrip(".")
        raise error("TN0802", f"the device `{device}` cannot be used: {reason}", span) from problem
    return World(0, 1, chosen)
