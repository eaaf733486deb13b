"""Samples of the user's own Python: what data sets with `__len__` and `__getitem__` give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch

from ...diagnostics import error
from ...source import Span
from .. import own, streams
from ..items import Items, kind_of
from ..samples import IMAGE
from .vision import listed_labels


class OwnItems(Items):
    """Samples of a data set of one's own; what they draw is keyed by epoch and sample. `name` is what the spec calls
    it, `inputs` are the net's."""

    draws = True

    def __init__(self, dataset: Any, inputs: Sequence[str], name: str, span: Span | None):
        classes = getattr(dataset, "classes", None)
        super().__init__(dataset, tuple(inputs), listed_labels(dataset), classes, span, name=name)

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        """Pictures are of PIL, or uint8 of shape [C, H, W]; other three-dimensional samples are not."""
        plain = {name for name, v in self.first.items() if v.ndim == 3 and v.dtype == torch.uint8}
        found = {name: kind_of(v) or (IMAGE if name in plain else None) for name, v in self.example.items()}
        return {name: kind for name, kind in found.items() if kind}

    def fetch(self, index: int, stream: int | None) -> Any:
        """The sample; what it draws comes from the stream. Raises SpecError (TN0702)."""
        stream = streams.key(0, "read", 0) if stream is None else stream
        try:
            with own.drawing(streams.key(stream, "sample", index)), torch.no_grad():
                return self.dataset[index]
        except own.RAISED as problem:
            why = own.reason(problem, type(self.dataset))
            raise error("TN0702", f"sample {index} of `{self.name}` fails{why}", self.span) from problem
