"""Colours by kind of operation. Text on every fill has a contrast of at least 4.5 (WCAG 2.1, 1.4.3)."""

from __future__ import annotations

from functools import cache

from .flow import Vertex

TEXT = "#1b1f24"
QUIET = "#57606a"
SKIP = "#b3470d"
LINE = "#6e7781"
PAPER = "white"
OUTLINE = "#afb8c1"
"""The border of clusters."""
CLUSTERS = ("#f6f8fa", "#ffffff")
"""Fills of clusters by depth, in turn."""

FILLS = {
    "convolution": "#cfe2ff",
    "linear": "#d9d3f7",
    "attention": "#f3d1ee",
    "recurrent": "#f9d5dc",
    "embedding": "#d8e8c4",
    "normalisation": "#d3efe0",
    "activation": "#fdeab5",
    "pooling": "#fbdcc0",
    "dropout": "#e4e4e4",
    "other": "#e3ecf3",
    "operator": "#ffffff",
    "parameter": "#d8e8c4",
    "input": "#24292f",
    "output": "#24292f",
}

DARK_FILLS = {
    "convolution": "#17375e",
    "linear": "#352a63",
    "attention": "#4f2049",
    "recurrent": "#571f2c",
    "embedding": "#2c451a",
    "normalisation": "#12463a",
    "activation": "#4f3e0c",
    "pooling": "#58300f",
    "dropout": "#383c42",
    "other": "#243240",
    "operator": "#0d1117",
    "parameter": "#2c451a",
    "input": "#e6edf3",
    "output": "#e6edf3",
}
"""The same on dark paper, under light text."""

ROLES = {
    "paper": ("#ffffff", "#0d1117"),
    "ink": (TEXT, "#e6edf3"),
    "quiet": (QUIET, "#9ea7b1"),
    "grid": ("#d8dee4", "#2a313c"),
    "line": (LINE, "#8b949e"),
    "skip": (SKIP, "#ffa657"),
    "even": (CLUSTERS[1], "#0d1117"),
    "odd": (CLUSTERS[0], "#161b22"),
    "accent": ("#0550ae", "#79c0ff"),
    "lit": ("#fff3bf", "#433700"),
    "added": ("#116329", "#7ee787"),
    "removed": ("#a40e26", "#ff7b72"),
    "changed": ("#8250df", "#d2a8ff"),
}
"""Colours by what they are for, on light and on dark paper."""

MODULES = {
    "conv": "convolution",
    "linear": "linear",
    "activation": "activation",
    "batchnorm": "normalisation",
    "instancenorm": "normalisation",
    "normalization": "normalisation",
    "pooling": "pooling",
    "dropout": "dropout",
    "rnn": "recurrent",
    "sparse": "embedding",
    "transformer": "attention",
}
"""The module of `torch.nn.modules` that a layer's class is defined in, and the kind of its layers."""

OPERATIONS = {"leaf": "parameter", "operator": "operator", "read": "parameter", "input": "input", "output": "output"}


def category(vertex: Vertex) -> str:
    """The key of `FILLS` for an operation: that of its layer's class (or of the first in it that has one), or
    for a function of the class like it."""
    if vertex.layer is not None:
        kinds = (class_category(type(module)) for module in vertex.layer.prototype.modules())
        return next((kind for kind in kinds if kind != "other"), "other")
    if vertex.kind in ("function", "method"):
        return function_category(vertex.name)
    return OPERATIONS.get(vertex.kind, "other")


def class_category(cls: type) -> str:
    """By the first class in the inheritance that torch defines; attention lies in torch's file of activations."""
    for base in cls.__mro__:
        if "Attention" in base.__name__:
            return "attention"
        package, _, module = base.__module__.rpartition(".")
        if package == "torch.nn.modules" and module in MODULES:
            return MODULES[module]
    return "other"


@cache
def function_category(name: str) -> str:
    """`max_pool2d` is drawn as `MaxPool2d` is."""
    if "attention" in name:
        return "attention"
    cls = _classes().get(name.replace("_", ""))
    return class_category(cls) if cls else "other"


@cache
def _classes() -> dict[str, type]:
    from torch import nn

    return {name.lower(): cls for name, cls in vars(nn).items() if isinstance(cls, type)}


def text_on(fill: str) -> str:
    return PAPER if contrast(fill, PAPER) > contrast(fill, TEXT) else TEXT


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1), 0 for black and 1 for white."""
    colour = "#ffffff" if colour == "white" else colour
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
