"""IR to readable PyTorch source, and that source to classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .loading import load as load
    from .source import generate as generate

_HOMES = {"generate": ".source", "load": ".loading"}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    # Imported when first used, so that unpickling a model loads no more than it needs.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)
