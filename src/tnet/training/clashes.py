"""Pairs of settings that contradict each other whatever the net and the data are: a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .scaling import INSTEAD, WITHOUT_GPU

Values = Mapping[str, Any]
CLOSURES = "closures"
"""Beside the settings' values: whether an optimizer of the recipe or of a rule asks for the loss itself."""


@dataclass(frozen=True)
class Clash:
    """`name` cannot hold beside `other` where `holds`."""

    name: str
    other: str
    holds: Callable[[Values], Any]
    message: str
    help: str | None = "leave one of them out"


def _both(name: str, other: str, message: str, help: str | None = "leave one of them out") -> Clash:
    """Two settings that are on."""
    return Clash(name, other, lambda values: values.get(name) and values.get(other), message, help)


def _with_closures(name: str, holds: Callable[[Values], Any], message: str, help: str) -> Clash:
    return Clash(name, "optimizer", lambda values: values.get(CLOSURES) and holds(values), message, help)


CLASHES = (
    _both("steps", "epochs", "`epochs` and `steps` both say how long to train"),
    _both("benchmark", "deterministic", "`benchmark` picks the fastest algorithms, `deterministic` certain ones", None),
    _both("devices", "device", "`device` and `devices` both say where to train"),
    _both("swa", "ema", "`swa` and `ema` are both averages to evaluate and keep"),
    _both("swa", "early_stop", "`swa` averages the last part of the run, which `early_stop` may cut off"),
    Clash(
        "anomaly", "compile",
        lambda values: values.get("anomaly") and "compile" in values and values["compile"].enabled,
        "`anomaly` looks into functions of autograd, which compiled code has not", None,
    ),
    Clash(
        "on_nan", "checkpoint",
        lambda values: values.get("on_nan") == "rollback" and "checkpoint" in values and values["checkpoint"] is None,
        "`rollback` goes back to a checkpoint, and none is kept", None,
    ),
    Clash(
        "precision", "device", lambda values: values.get("precision") == "fp16" and values.get("device") == "cpu",
        WITHOUT_GPU, INSTEAD,
    ),
    Clash(
        "dtype", "precision",
        lambda values: values.get("dtype", "float32") not in ("float32", None)
        and values.get("precision", "fp32") != "fp32",
        "`precision` computes a net of float32 in half precision; `dtype` makes it another net",
    ),
    _with_closures(
        "precision", lambda values: values.get("precision") == "fp16",
        "an optimizer that asks for the loss several times a step cannot have its gradients scaled", INSTEAD,
    ),
    _with_closures(
        "on_nan", lambda values: values.get("on_nan") == "skip",
        "an optimizer that asks for the loss several times a step has moved when a loss is no number",
        'write `on_nan = "rollback"`',
    ),
)  # fmt: skip
