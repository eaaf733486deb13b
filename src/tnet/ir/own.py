"""Layers of the user's own Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .graph import Layer


@dataclass(eq=False, slots=True)
class OwnLayer(Layer):
    """A class of the user's own. `build` makes an instance on the CPU, to run where fake tensors do not do."""

    build: Callable[[], Any] | None = None
