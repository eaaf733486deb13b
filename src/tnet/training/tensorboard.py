"""`log = [tensorboard]`: the events' numbers as TensorBoard scalars and histograms, in the run's folder."""

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
            elif event["event"] == "histogram" and isinstance(value, Mapping):
                self._histogram(name, value, event["step"])
            elif isinstance(value, float) and name != "epoch":
                self.writer.add_scalar(name.replace(".", "/"), value, event["step"])
        if event["event"] != "step":
            self.writer.flush()

    def _histogram(self, name: str, found: Mapping[str, Any], step: int) -> None:
        """A distribution of `rules.histograms`: TensorBoard wants sums and the upper ends of the bins."""
        number, mean, counts = found["number"], found["mean"], found["counts"]
        width = (found["max"] - found["min"]) / len(counts) or 1 / len(counts)
        self.writer.add_histogram_raw(
            name.replace(".", "/"), min=found["min"], max=found["max"], num=number, sum=mean * number,
            sum_squares=(found["std"] ** 2 + mean**2) * number,
            bucket_limits=[found["min"] + width * (n + 1) for n in range(len(counts))], bucket_counts=counts,
            global_step=step,
        )  # fmt: skip
