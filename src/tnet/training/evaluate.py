"""Evaluation: the loss and the metrics over a part of the data, gathered on the device and read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from ..data.loaders import Loader
from .compiled import Forward
from .dtypes import in_default
from .metrics import MetricChoice
from .modes import evaluating
from .outputs import outputs_of

PAYS_FROM = 500  # batches of evaluation in a run from which compiling them saves more than it takes


class Tap(Protocol):
    def begin(self, loader: Loader) -> None: ...

    def see(self, batch: Mapping[str, Tensor], outputs: Any) -> None: ...


@dataclass
class Evaluator:
    """Evaluates a model. `classes` has the names of the classes where accuracy by class makes sense; `tap` is told of
    each evaluation's loader and of its batches with the outputs."""

    forward: Forward
    metrics: Sequence[MetricChoice]
    device: torch.device
    classes: Sequence[str] = ()
    compiled: bool = False
    tap: Tap | None = None

    def __post_init__(self) -> None:
        self.built = [metric.build().to(self.device) for metric in self.metrics]

    def __call__(self, loader: Loader) -> dict[str, Any]:
        """`loss`, of several losses also each by its name, each metric by name and, with classes, `by_class`: the
        share of each that was found, None for one without samples."""
        for metric in self.built:
            metric.reset()
        if self.tap:
            self.tap.begin(loader)
        seen, names = 0, self.forward.names
        total = torch.zeros(len(names), dtype=torch.float64 if self.device.type != "mps" else None, device=self.device)
        hits = torch.zeros(2, len(self.classes), dtype=torch.int64, device=self.device)
        with evaluating(self.forward.model), torch.no_grad(), loader.desk.watched():
            for batch in loader.epoch(0):
                batch = to_device(batch, self.device)
                losses, outputs = self._outcome(batch, loader)
                count = len(batch[self.forward.inputs[0]])
                seen, total = seen + count, total + torch.stack(losses) * count
                if self.tap:
                    self.tap.see(batch, outputs)
                if self.built or self.classes:
                    self._update(outputs_of(outputs)[0], batch["target"], hits)
        means = (total / seen).tolist()
        apart = {f"loss.{name}": mean for name, mean in zip(names, means, strict=True) if name}
        return {"loss": sum(means), **apart, **self._read(hits)}

    def _outcome(self, batch: Mapping[str, Tensor], loader: Loader) -> tuple[tuple[Tensor, ...], Any]:
        if loader.pipeline.crops > 1:
            return self.forward.run_crops(batch, loader.pipeline)
        return self.forward.evaluate(batch, self.compiled)

    def _update(self, output: Tensor, target: Tensor, hits: Tensor) -> None:
        output = output.float() if output.dtype in (torch.bfloat16, torch.float16) else output
        for metric, choice in zip(self.built, self.metrics, strict=True):
            choice.update(metric, output, target)
        if self.classes:
            counted = target >= 0
            found = counted & (output.argmax(1) == target)
            hits.index_add_(1, target.clamp(min=0), torch.stack([found, counted]).to(hits.dtype))

    def _read(self, hits: Tensor) -> dict[str, Any]:
        values = {choice.name: plain(m.compute()) for m, choice in zip(self.built, self.metrics, strict=True)}
        if self.classes:
            counts = zip(self.classes, *hits.tolist(), strict=True)
            values["by_class"] = {name: found / there if there else None for name, found, there in counts}
        return values


def plain(value: Any) -> Any:
    """A metric's value as numbers, nested as it is."""
    if isinstance(value, Tensor):
        return value.tolist()
    return [plain(each) for each in value] if isinstance(value, Iterable) else value


def to_device(batch: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """The batch on the device, floats in the dtype of the run."""
    return {name: value.to(device, in_default(value.dtype), non_blocking=True) for name, value in batch.items()}


def named(results: Mapping[str, Any], part: str) -> dict[str, Any]:
    """`{"loss": …}` as `{"val.loss": …}`."""
    return {f"{part}.{name}": value for name, value in results.items()}
