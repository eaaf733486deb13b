"""Specs that train in well under a second."""

from __future__ import annotations

from typing import Any

import tnet

IRIS = """
hyper width = 16

net Flowers(features: float[N, 4]) -> logits: float[N, 3] {
  Linear(width)
  ReLU
  head: Linear(3)
}

data {
  train = Iris()
  split = [0.6, 0.2, 0.2]
  transform: { Normalize(mean="auto", std="auto") }
}

train {
  epochs    = 3
  batch     = 16
  loss      = CrossEntropyLoss()
  optimizer = SGD(lr=0.1, momentum=0.9)
  metrics   = [accuracy]
  compile   = false
}
"""

DIGITS = """
net Tiny(image: float[N, 1, 8, 8]) -> float[N, 10] {
  conv: Conv2d(8, 3, padding=1, bias=false) -> norm: BatchNorm2d -> relu
  MaxPool2d(4)
  flatten(1)
  Dropout(0.2)
  head: Linear(10)
}

parameters {
  :bias, :norm { weight_decay = 0 }
  head         { lr = 0.5 * lr }
}

data {
  train = Digits()
  split = [0.8, 0.1, 0.1]
  augment: { RandomAffine(degrees=8, translate=[0.08, 0.08]) }
  transform: { Normalize(mean="auto", std="auto") }
}

train {
  epochs    = 1
  batch     = 64
  loss      = CrossEntropyLoss(label_smoothing=0.05)
  optimizer = AdamW(lr=1e-2, weight_decay=0.02)
  schedule  = LinearLR(start_factor=0.1) for 10 steps -> CosineAnnealingLR
  metrics   = [accuracy]
  seed      = 42
  compile   = false
}
"""


def spec(text: str = IRIS, overrides: dict[str, Any] | None = None, **hypers: Any) -> tnet.Spec:
    return tnet.loads(text, overrides=overrides, **hypers)


def trained(path, overrides: dict[str, Any] | None = None, text: str = IRIS, **options: Any):
    return spec(text, overrides).train(out=path, **options)
