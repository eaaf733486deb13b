"""Training loops as one would write them by hand, to the data, streams and initial weights of a spec."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from small_specs import spec
from torch import Tensor, nn

from tnet.data import streams

PLAIN = """
net Tiny(image: float[N, 1, 8, 8]) -> logits: float[N, 10] {
  conv: Conv2d(4, 3, padding=1, bias=false) -> norm: BatchNorm2d -> relu
  MaxPool2d(4)
  flatten(1)
  Dropout(0.2)
  head: Linear(10)
}

data {
  train = Digits()
  split = [0.9, 0.1]
}

train {
  steps     = 20
  batch     = 32
  loss      = CrossEntropyLoss(label_smoothing=0.05)
  optimizer = SGD(lr=0.1, momentum=0.9)
  metrics   = [accuracy]
  seed      = 42
  log_every = 1
  compile   = false
}
"""

Batch = Mapping[str, Tensor]


class ByHand:
    """Twenty steps of the spec `PLAIN`, with functions for what a trick changes. `losses` has each step's."""

    def __init__(
        self,
        text: str = PLAIN,
        loss: Callable[[nn.Module, Batch, int], Tensor] | None = None,
        before_update: Callable[[nn.Module], None] = lambda model: None,
        after_update: Callable[[nn.Module, int], None] = lambda model, step: None,
        schedule: Callable[[torch.optim.Optimizer], Any] | None = None,
        schedule_from: int = 0,
    ):
        source = spec(text)
        self.model = source.model()
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.losses = []
        for step, batch in enumerate(source.data().train.epoch(0)):
            if step == 20:
                break
            optimizer.zero_grad()
            value = (loss or plain_loss)(self.model, batch, step)
            value.backward()
            before_update(self.model)
            optimizer.step()
            after_update(self.model, step)
            if schedule and step == schedule_from:
                scheduler = schedule(optimizer)
            if schedule and step >= schedule_from:
                scheduler.step()
            self.losses.append(value.item())


criterion = nn.CrossEntropyLoss(label_smoothing=0.05)


def plain_loss(model: nn.Module, batch: Batch, step: int) -> Tensor:
    seed_model(step)
    return criterion(model(batch["image"]), batch["target"])


def plain_steps(model: nn.Module, optimizer: torch.optim.Optimizer, batches: Iterable[Batch]) -> list[float]:
    """Twenty steps in float32 without a schedule; the loss of each."""
    losses = []
    for step, batch in zip(range(20), batches, strict=False):
        optimizer.zero_grad()
        loss = plain_loss(model, batch, step)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def seed_model(step: int) -> None:
    """Dropout draws from a stream of its own for each step."""
    torch.manual_seed(streams.key(42, "model", step, 0))


def with_settings(*lines: str, text: str = PLAIN) -> str:
    return text.replace("  compile ", "".join(f"  {line}\n" for line in lines) + "  compile ")


def losses_of(path: Path) -> list[float]:
    events = map(json.loads, (path / "metrics.jsonl").read_text().splitlines())
    return [event["train.loss"] for event in events if event["event"] == "step"]
