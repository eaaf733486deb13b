"""The order of the samples, as a part of the state: a run goes on only with the samples that it began with."""

from __future__ import annotations

import hashlib
from typing import Any

import torch

from ..data.loaders import Loader
from ..diagnostics import error
from ..source import Span
from .state import State


class DataOrder:
    """Keeps the number of samples and a hash of their order in the epoch under way."""

    def __init__(self, loader: Loader, state: State, span: Span | None):
        self.loader, self.state, self.span = loader, state, span

    def state_dict(self) -> dict[str, Any]:
        order = torch.cat(self.loader.chunks(self.state.epoch))
        return {"samples": self.loader.count, "order": hashlib.sha256(order.numpy()).hexdigest()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Raises SpecError (TN0905) where the samples are others, or come in another order."""
        now = self.state_dict()
        if now == state:
            return
        counts = (
            f": {state['samples']} samples then, {now['samples']} now" if now["samples"] != state["samples"] else ""
        )
        advice = "give the data as it was, or start a new run: `train.weights` can start it from these weights"
        raise error("TN0905", f"the data is not what the run was trained on{counts}", self.span, help=advice)
