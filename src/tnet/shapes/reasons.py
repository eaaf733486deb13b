"""PyTorch's reasons in the spec's words: one line, with the spec's names for symbolic sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NOISE = (
    re.compile(r"^RuntimeError when making fake tensor call\s*"),
    re.compile(r"^Failed running .*?:\s*", re.DOTALL),
    re.compile(r"\s*\(_subclasses.*$", re.DOTALL),
    re.compile(r"\nThe above operation failed.*$", re.DOTALL),
)


def reason(error: Exception, sizes: Mapping[str, Any]) -> str:
    """The first sentence of an exception of PyTorch; `sizes` maps the names used in the run to the spec's."""
    text = str(error).strip() or type(error).__name__
    for noise in NOISE:
        text = noise.sub("", text)
    text = text.replace("FakeTensor", "Tensor").split("\n")[0].strip().rstrip(".")
    if text.count(")") > text.count("("):
        text = text.removesuffix(")")
    return re.sub(r"\b[ds]\d+\b", lambda found: str(sizes.get(found[0], found[0])), text)
