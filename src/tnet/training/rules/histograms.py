"""`histogram = true`: distributions of a module's output, of its parameters and of their gradients, logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..compiled import Forward
from ..hooks import Batch, Hook
from ..state import State

BINS = 64


class Histograms(Hook):
    """At each `every`th step, for `modules` by path, an event `{"event": "histogram", "step": …}` with a distribution
    of PATH (the output), of each parameter, NAME, and its gradient, NAME.grad: number, mean, standard deviation, ends,
    and counts in equal bins. Weights are those before the step.

    Outputs come from forward hooks, which compiled code would not see: such a step runs without it.
    """

    def __init__(self, modules: Mapping[str, nn.Module], forward: Forward, every: int, sinks: Sequence[Callable]):
        self.modules, self.forward, self.every, self.sinks = modules, forward, every, sinks
        self.outputs: dict[str, Tensor] = {}
        self.handles: list[Any] = []

    def on_batch(self, state: State, batch: Batch) -> Batch:
        if (state.step + 1) % self.every == 0:
            self.forward.paused = True
            self.handles = [each.register_forward_hook(self._keep(path)) for path, each in self.modules.items()]
        return batch

    def _keep(self, path: str) -> Callable:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                self.outputs[path] = output.detach()

        return hook

    def after_backward(self, state: State) -> None:
        if not self.handles:
            return
        found = dict(self.outputs)
        for path, module in self.modules.items():
            for name, parameter in module.named_parameters(prefix=path):
                found[name] = parameter.detach()
                if parameter.grad is not None:
                    found[f"{name}.grad"] = parameter.grad
        event = {"event": "histogram", "step": state.step + 1}
        event |= {name: distribution(value) for name, value in found.items()}
        for sink in self.sinks:
            sink(event)
        self._stop()

    def _stop(self) -> None:
        for handle in self.handles:
            handle.remove()
        self.handles, self.outputs, self.forward.paused = [], {}, False


def distribution(tensor: Tensor) -> dict[str, Any]:
    """The finite values of a tensor: how many, their mean and standard deviation, the smallest and the largest, and
    counts in `BINS` equal bins between them."""
    values = tensor.float().coalesce().values() if tensor.is_sparse else tensor.float()
    values = values[values.isfinite()]
    if not len(values):
        return {"number": 0, "mean": 0.0, "std": 0.0, "min": 0.0, "max": 0.0, "counts": [0] * BINS}
    low, high = values.min(), values.max()
    scale = torch.where(high > low, high - low, torch.ones_like(high))
    bins = ((values - low) / scale * BINS).long().clamp(max=BINS - 1)
    return {
        "number": len(values), "mean": float(values.mean()), "std": float(values.std(correction=0)),
        "min": float(low), "max": float(high), "counts": torch.bincount(bins, minlength=BINS).tolist(),
    }  # fmt: skip
