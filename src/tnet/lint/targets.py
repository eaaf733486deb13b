"""What is known of the targets of a data source without reading it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..ir.program import DataSection
from ..ir.types import TensorType
from ..ir.values import Call, Combined


@dataclass(frozen=True)
class Target:
    """One number a sample; `classes` is how many it tells apart, None where that is open."""

    dtype: str
    classes: int | None = None

    def type(self, samples: Any) -> TensorType:
        return TensorType(self.dtype, (samples,))


TARGETS: dict[str, Target] = {
    "Diabetes": Target("float32"),
    "ImageFolder": Target("int64"),
    **{
        name: Target("int64", classes)
        for name, classes in {
            "Digits": 10, "Iris": 3, "Wine": 3, "BreastCancer": 2, "MNIST": 10, "FashionMNIST": 10, "KMNIST": 10,
            "QMNIST": 10, "EMNIST": None, "USPS": 10, "CIFAR10": 10, "CIFAR100": 100, "SVHN": 10, "STL10": 10,
        }.items()
    },
}  # fmt: skip
"""Sources whose samples have one class or number each, as scikit-learn and torchvision document them."""


def target_of(data: DataSection | None) -> Target | None:
    """The target of a data section's training samples, where its source, or all of several joined ones, tell."""
    found = {TARGETS.get(call.name) if call.target is None else None for call in training_sources(data)}
    return found.pop() if len(found) == 1 else None


def training_sources(data: DataSection | None) -> list[Call]:
    """The sources of a data section's training samples, several where they are joined by `+`."""
    setting = data.settings.get("train") if data else None
    waiting, found = [setting.value] if setting else [], []
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, Combined):
            waiting = [*value.parts, *waiting]
        elif isinstance(value, Call):
            found.append(value)
    return found
