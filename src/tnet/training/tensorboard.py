"""`log = [tensorboard]`: the events' numbers as TensorBoard scalars, in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..diagnostics import error
from ..source import Span


def require(span: Span | None) -> None:
    """Raises SpecError (TN0802) where TensorBoard is not installed."""
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError as problem:
        advice = "pip install 'tnet[tensorboard]'"
        raise error(
            "TN0802", "`log = [tensorboard]` needs TensorBoard, which is not installed", span, help=advice
        ) from problem


class TensorBoard:
    """A sink of events; those after `step`, which a run left that now goes on from there, are purged."""

    def __init__(self, folder: Path, step: int = 0):
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def __call__(self, event: Mapping[str, Any]) -> None:
        for name, value in event.items():
            if name == "lr":
                for group, rate in value.items():
                    self.writer.add_scalar(f"lr/{group}", rate, event["step"])
            elif isinstance(value, float) and name != "epoch":
                self.writer.add_scalar(name.replace(".", "/"), value, event["step"])
        if event["event"] != "step":
            self.writer.flush()
