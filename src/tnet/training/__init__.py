"""Training: recipes, the loop, checkpoints, and runs on disk.

The names below are imported when first used, so that checking a recipe does not load what only a run needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .prediction import predict as predict
    from .run import Run as Run
    from .run import load_run as load_run
    from .session import train as train
    from .testing import evaluate_run as evaluate_run

_HOMES = {
    "Run": "run",
    "evaluate_run": "testing",
    "load_run": "run",
    "predict": "prediction",
    "train": "session",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
