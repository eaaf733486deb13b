"""What may have been meant by an unknown name: of all that can stand at its place, and of other languages."""

from __future__ import annotations

from ..catalog.functions import NAMESPACES, function_names, is_method, namespace_table
from ..catalog.layers import layer_names
from ..catalog.models import PREFIX, model_names
from ..diagnostics import did_you_mean
from ..syntax import without_modules
from .frames import Frame
from .library import CONSTANTS

WORDS = {
    "True": "write `true`",
    "False": "write `false`",
    "None": "write `none`",
    "self": "submodules are labels here: `conv1: Conv2d(…)`, applied again by `conv1`",
    "shape": "sizes are stated by `shape [N, 64, 7, 7]`; as a value they are `x.shape`",
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


def suggest(name: str, frame: Frame, as_value: bool = False) -> str | None:
    """What to write for an unknown name, as a help line; as a value a name of the spec is likelier than a library's."""
    if name in WORDS:
        return WORDS[name]
    if "." in name:
        return _suggest_dotted(name, frame)
    values: set[str] = set(frame.globals.declarations)
    labels: set[str] = set()
    around: Frame | None = frame
    while around is not None:
        values.update(around.names)
        labels.update(around.labels)
        around = around.parent
    names = {*values, *labels, *layer_names(), *function_names(), *CONSTANTS}
    return did_you_mean(name, sorted(names), rather=sorted(values) if as_value else ())


def _suggest_dotted(name: str, frame: Frame) -> str | None:
    if name.startswith(PREFIX):
        return did_you_mean(name, model_names())
    if found := without_modules(name):
        return found
    prefix, _, rest = name.rpartition(".")
    if prefix in NAMESPACES:
        return did_you_mean(rest, namespace_table(prefix))
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
