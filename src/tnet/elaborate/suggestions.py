"""What may have been meant by an unknown name: of all that can stand at its place, and of other languages."""

from __future__ import annotations

from ..catalog.functions import NAMESPACES, function_names, is_method, namespace_table
from ..catalog.layers import layer_names
from ..catalog.models import PREFIX, model_names
from ..diagnostics import did_you_mean
from .frames import Frame
from .library import CONSTANTS

MODULES = frozenset(
    "nn torch torch.nn torch.nn.functional F functional torchvision torchvision.ops ops torch.nn.init init np numpy"
    " jnp jax tf keras keras.layers tf.keras.layers layers math optim torch.optim".split()
)
"""Modules whose names Python code writes before the names that a spec writes alone."""

WORDS = {
    "True": "write `true`",
    "False": "write `false`",
    "None": "write `none`",
    "self": "submodules are labels here: `conv1: Conv2d(…)`, applied again by `conv1`",
    "super": "there is nothing to set up: a net is its steps",
    "print": "nothing runs while a spec is read; `tnet summary` shows the shape after each step",
    "pass": "leave it out: a body may be empty",
    "break": "a loop runs to its end; choose what it goes over",
    "continue": "choose with `if` which rounds do something",
    "device": "devices are for `train` to say: `device = …`",
    "Tensor": "a type is written `float[N, 3, 32, 32]`",
    "isinstance": "what a name is, is known as it is written; leave the question out",
    "map": "write a `for` and grow a list: `ys += [y]`",
    "append": "a list grows by `ys += [y]`",
    "Dense": "it is called `Linear`",
    "dense": "it is called `Linear`",
    "FC": "it is called `Linear`",
    "fc": "it is called `Linear`",
    "BN": "it is called `BatchNorm2d`",
    "bn": "it is called `BatchNorm2d`",
    "BatchNormalization": "it is called `BatchNorm2d`",
    "LayerNormalization": "it is called `LayerNorm`",
    "MaxPooling2D": "it is called `MaxPool2d`",
    "AveragePooling2D": "it is called `AvgPool2d`",
    "GlobalAveragePooling2D": "it is `AdaptiveAvgPool2d(1)`, then `flatten(1)`",
    "GlobalAvgPool2d": "it is `AdaptiveAvgPool2d(1)`, then `flatten(1)`",
    "Activation": "an activation is a step by its own name: `relu`, `GELU`",
    "Concatenate": "it is `cat([a, b], dim=1)`",
    "Add": "write `x += y`",
    "Input": "a net's inputs stand in its head: `net Name(image: float[N, 3, 32, 32])`",
    "Lambda": "write a `block`, or the step itself",
}
"""Words of Python and other libraries, and what is written here."""


def suggest(name: str, frame: Frame) -> str | None:
    """What to write for an unknown name, as a help line."""
    if name in WORDS:
        return WORDS[name]
    if "." in name:
        return _suggest_dotted(name, frame)
    names: set[str] = {*frame.globals.declarations, *layer_names(), *function_names(), *CONSTANTS}
    around: Frame | None = frame
    while around is not None:
        names.update(around.names, around.labels)
        around = around.parent
    return did_you_mean(name, sorted(names))


def _suggest_dotted(name: str, frame: Frame) -> str | None:
    if name.startswith(PREFIX):
        return did_you_mean(name, model_names())
    prefix, _, rest = name.rpartition(".")
    if prefix in MODULES:
        return f"names are written without their module: `{rest}`"
    if prefix in NAMESPACES:
        return did_you_mean(rest, namespace_table(prefix))
    if prefix == "self":
        return f"there is no `self`; write `{rest}`"
    if rest == "append" and isinstance(frame.names.get(prefix), list):
        return f"write `{prefix} += [x]`"
    if prefix in frame.names:
        return _of_value(prefix, rest)
    return None


def _of_value(prefix: str, rest: str) -> str:
    """How a method of a value is written as a step."""
    if not is_method(rest) or rest == "size":
        return f"this is a value: write `y = {prefix}.{rest}`"
    return f"write `{rest}`" if prefix == "x" else f"write `{prefix} -> {rest}`, or `x = {prefix}.{rest}(…)`"
