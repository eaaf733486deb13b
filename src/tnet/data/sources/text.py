"""`Text("f.txt", block=128)`: the bytes of a file in windows, each with the same window one byte on as its target."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..samples import Windows
from .base import Request, source


def _check(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    return ("block", "`block` of `Text` must be at least 1") if arguments["block"] < 1 else None


@source("Text", _check)
def read(request: Request, path: Path, block: int) -> Windows:
    """Raises SpecError (TN0702) for a file that cannot be read."""
    try:
        tokens = torch.from_numpy(np.fromfile(path, dtype=np.uint8))
    except OSError as problem:
        raise request.unreadable(f"`{path.name}` cannot be read: {problem.strerror or problem}") from problem
    return Windows(tokens, block, request.fields[0])
