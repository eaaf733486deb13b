"""`log = [tensorboard]`: the events' numbers as TensorBoard scalars and histograms, in the run's folder, and what a
report shows: distributions, pictures, the graph, the hyper-parameters.

https://docs.pytorch.org/docs/stable/tensorboard.html, and for what it has no method for the records themselves,
https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from ..diagnostics import error
from ..source import Span
from .files import cannot


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

        _tell_once()
        self.folder = folder
        self.writer = SummaryWriter(str(folder), purge_step=step + 1 if step else None)
        self.shown: set[tuple[str, int]] = set()

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Raises SpecError (TN0902)."""
        try:
            self._write(event)
        except OSError as problem:
            raise cannot("write", self.folder / "events.out.tfevents.*", problem) from problem

    def close(self) -> None:
        """Write what still waits, and end."""
        with suppress(OSError):  # which has been told, or comes after what is being told
            self.writer.close()

    def _write(self, event: Mapping[str, Any]) -> None:
        for name, value in event.items():
            if name == "lr":
                for group, rate in value.items():
                    self.writer.add_scalar(f"lr/{group}", rate, event["step"])
            elif event["event"] == "histogram" and isinstance(value, Mapping):
                self._histogram(name, value, event["step"])
            elif isinstance(value, float) and name != "epoch":
                self.writer.add_scalar(_tag(name), value, event["step"])
        if event["event"] != "step":
            self.writer.flush()

    def back_to(self, step: int) -> None:
        """What was written after a step is forgotten by readers, as the run has gone back there (`SummaryWriter` says
        the same of a file that it opens with `purge_step`)."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        self.writer.file_writer.add_event(
            Event(step=step + 1, session_log=SessionLog(status=SessionLog.START)), step + 1
        )
        self.shown = {each for each in self.shown if each[1] <= step}

    def distributions(self, step: int, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Distributions of parameters and gradients by name."""
        for name, each in found.items():
            self._histogram(name, each, step)

    def pictures(self, step: int, found: Mapping[str, bytes]) -> None:
        """Pictures by name, as PNG; one that is there for this step already is not written again."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        for name, png in found.items():
            if (name, step) not in self.shown:
                self.shown.add((name, step))
                width, height = struct.unpack(">II", png[16:24])  # of its first chunk
                image = Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=png)
                self.writer.file_writer.add_summary(Summary(value=[Summary.Value(tag=name, image=image)]), step)
        self.writer.flush()

    def begin(self, spec: str, graph: bytes, hypers: Mapping[str, Any], results: Sequence[str]) -> None:
        """What a run has once: its spec's text, its graph (a serialised `GraphDef`), its hyper-parameters, and the
        names of the results that they are to be compared by."""
        from tensorboard.compat.proto.event_pb2 import Event
        from torch.utils.tensorboard.summary import hparams

        self.writer.add_text("spec", "\n".join(f"    {line}" for line in spec.splitlines()))
        self.writer.file_writer.add_event(Event(graph_def=graph))
        values = {name: each if isinstance(each, bool | int | float) else str(each) for name, each in hypers.items()}
        tags = dict.fromkeys((_tag(each) for each in results), 0.0)
        for record in hparams(values, tags)[:2]:
            self.writer.file_writer.add_summary(record)
        self.writer.flush()

    def end(self) -> None:
        """The run has come to its end."""
        from torch.utils.tensorboard.summary import hparams

        self.writer.file_writer.add_summary(hparams({}, {})[2])
        self.writer.close()

    def _histogram(self, name: str, found: Mapping[str, Any], step: int) -> None:
        """A distribution of `rules.histograms`: TensorBoard wants sums and the upper ends of the bins."""
        if not found["number"]:
            return
        number, mean, counts = found["number"], found["mean"], found["counts"]
        width = (found["max"] - found["min"]) / len(counts) or 1 / len(counts)
        self.writer.add_histogram_raw(
            _tag(name), min=found["min"], max=found["max"], num=number, sum=mean * number,
            sum_squares=(found["std"] ** 2 + mean**2) * number,
            bucket_limits=[found["min"] + width * (n + 1) for n in range(len(counts))], bucket_counts=counts,
            global_step=step,
        )  # fmt: skip


@cache
def _tell_once() -> None:
    """What cannot be written is an error at the next event: no traceback of TensorBoard's thread comes before."""
    before = threading.excepthook

    def hook(raised: threading.ExceptHookArgs) -> None:
        of_writer = type(raised.thread).__module__.startswith("tensorboard.")
        if not (of_writer and issubclass(raised.exc_type, OSError)):
            before(raised)

    threading.excepthook = hook


def _tag(name: str) -> str:
    """TensorBoard groups by what is before a slash."""
    return name.replace(".", "/")
