"""What the calls in a recipe's settings mean: `Checkpoint(…)`, `Patience(…)`, `SWA(…)` and their like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ir.values import Duration


@dataclass(frozen=True)
class CompileChoice:
    """`compile = true | false | Compile(mode="max-autotune")`: the arguments of `torch.compile` that a spec may say."""

    enabled: bool = True
    mode: str = "default"
    dynamic: bool | None = None
    backend: str = "inductor"
    options: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def arguments(self) -> dict[str, Any]:
        """Those that are not torch's own defaults."""
        given = {"dynamic": self.dynamic, "options": dict(self.options) if self.options else None}
        given["mode"] = None if self.mode == "default" else self.mode
        given["backend"] = None if self.backend == "inductor" else self.backend
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class CheckpointChoice:
    """`Checkpoint(every=1 epoch, keep=2, best="val.accuracy")`; `keep` counts those that are not the best."""

    every: Duration = Duration(1, "epochs")
    keep: int = 2
    best: str | None = None


@dataclass(frozen=True)
class PatienceChoice:
    """`Patience(5, monitor="val.loss")`: so many evaluations in a row may be no better than the best."""

    evaluations: int
    monitor: str = "val.loss"


@dataclass(frozen=True)
class SwaChoice:
    """`SWA(start=0.75, lr=0.05)`: from this share of the run on, at this constant rate, averaged at the end of each
    `every`; without `lr` the schedule goes on."""

    start: float = 0.75
    lr: float | None = None
    every: Duration = Duration(1, "epochs")

    def first(self, total_steps: int) -> int:
        """The steps done when averaging begins."""
        return round(self.start * total_steps)


@dataclass(frozen=True)
class ProfileChoice:
    """`Profile(steps=10, skip=3, memory=false, shapes=false)`: so many steps are recorded, after the first ones, with
    the memory that operators take and the shapes that they are given if these are asked for."""

    steps: int = 10
    skip: int = 3
    memory: bool = False
    shapes: bool = False


@dataclass(frozen=True)
class DistillChoice:
    """`Distill("teacher.tnet", weights="t.safetensors", temperature=4, weight=1)`."""

    spec: str
    weights: str | None = None
    temperature: float = 4.0
    weight: float = 1.0
