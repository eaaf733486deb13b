"""Specs whose runs have something for each section of a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tnet
from tnet.training import Run

ROOT = Path(__file__).parent.parent.parent

SHARED = "epochs = 2; batch = 32; compile = false; log_every = 3"
SPECS = {
    "digits": f"""
net Tiny(image: float[N, 1, 8, 8]) -> float[N, 10] {{
  conv: Conv2d(8, 3, padding=1) -> norm: BatchNorm2d -> relu
  second: Conv2d(4, 3) -> Dropout(0.2) -> flatten(1)
  head: Linear(10)
}}
parameters {{ head {{ lr = 0.5 * lr; l2 = 1e-4 }} }}
data {{ train = Digits(); split = [0.2, 0.1, 0.7]; transform: {{ Normalize(mean="auto", std="auto") }} }}
train {{ {SHARED}; loss = CrossEntropyLoss(); optimizer = AdamW(lr=1e-2); metrics = [accuracy]; ema = 0.9 }}
""",
    "diabetes": f"""
net Regressor(features: float[N, 10]) -> float[N] {{ Linear(8); relu; head: Linear(1) -> squeeze(1) }}
data {{ train = Diabetes(); split = [0.8, 0.2]; transform: {{ Normalize(mean="auto", std="auto") }} }}
train {{ {SHARED}; loss = MSELoss(); optimizer = Adam(lr=0.1); metrics = [r2_score] }}
""",
    "binary": f"""
net Detector(features: float[N, 30]) -> float[N] {{ Linear(8); relu; Linear(1); squeeze(1) }}
data {{ train = BreastCancer(); split = [0.8, 0.2]; transform: {{ Normalize(mean="auto", std="auto") }} }}
train {{ {SHARED}; loss = BCEWithLogitsLoss(); optimizer = Adam(lr=0.01) }}
""",
    "gan": (ROOT / "specs/gan.tnet").read_text().replace("epochs    = 40", "epochs = 2; compile = false"),
    "autoencoder": f"""
net Auto(image: float[N, 1, 8, 8]) -> float[N, 1, 8, 8] {{
  flatten(1); code: Linear(4); Linear(64); unflatten(1, [1, 8, 8])
}}
data {{ train = Digits(); split = [0.9, 0.1]; transform: {{ Normalize(mean=[0.3], std=[0.4]) }} }}
train {{ {SHARED}; loss = mse_loss(output, image); optimizer = Adam(lr=0.01) }}
""",
}  # fmt: skip
"""Classification with averaged weights, regression, two classes of one output, two players, pictures made."""


def train(name: str, out: Path, **overrides: Any) -> Run:
    settings = {key.replace("__", "."): value for key, value in overrides.items()}
    return tnet.loads(SPECS[name], name=name, overrides=settings).train(out=out)
