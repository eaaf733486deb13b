"""Streams of the user's own Python, torch's `IterableDataset`: samples one after another, in the stream's own order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ...diagnostics import error
from ...source import Span
from .. import own, streams
from .own_items import OwnItems


class OwnStream(OwnItems):
    """Samples by their place in the stream, as long as they are asked for in order; going back begins anew. So the
    place is all that a resumed run needs: it passes over what has been seen."""

    by_stream = True
    labels = None

    def __init__(self, dataset: Any, inputs: Sequence[str], name: str, span: Span | None):
        super().__init__(dataset, inputs, name, span)
        self.iterator: Iterator[Any] | None = None
        self.key, self.place = 0, 0

    def order(self, indices: Tensor, stream: int) -> Tensor:
        return indices

    def fetch(self, index: int, stream: int | None) -> Any:
        """The sample; what it draws comes from the stream of draws. Raises SpecError (TN0702)."""
        key = streams.key(0, "read", 0) if stream is None else stream
        if self.iterator is None or key != self.key or index < self.place:
            self.key, self.place = key, 0
            self.iterator = self._running(iter, self.dataset, "begin", index)
        while self.place <= index:
            sample = self._running(next, self.iterator, "sample", self.place)
            self.place += 1
        return sample

    def _running(self, call: Any, argument: Any, purpose: str, index: int) -> Any:
        try:
            with own.drawing(streams.key(self.key, purpose, index)), torch.no_grad():
                return call(argument)
        except StopIteration as problem:
            message = f"`{self.name}` ends after {self.place} samples, its length is {len(self.dataset)}"
            raise error("TN0702", message, self.span) from problem
        except own.RAISED as problem:
            why = own.reason(problem, type(self.dataset))
            raise error("TN0702", f"sample {index} of `{self.name}` fails{why}", self.span) from problem

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "iterator": None}
