"""An argument that looks like the size that is read off the input.

In a spec `BatchNorm2d(64)` is not 64 channels: the channels are read off the input, and the 64 becomes `eps`. Written
as in Python, `Conv2d(3, 32, 3)` is 3 output channels and a kernel of 32, and `MultiheadAttention(16, 4)` has 16 heads
and a dropout of 4.

Leave the size out: `BatchNorm2d`, `Conv2d(32, 3)`, `MultiheadAttention(4)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..diagnostics import Diagnostic, Note, warning
from ..ir.graph import Layer
from ..syntax import ast
from .context import Context
from .registry import lint

CODE = "TN1020"

WRONG = """\
net Small(image: float[N, 3, 32, 32]) -> float[N, 64, 32, 32] {
  Conv2d(64, 3, padding=1, bias=false)
  BatchNorm2d(64)
}
"""

RIGHT = """\
net Small(image: float[N, 3, 32, 32]) -> float[N, 64, 32, 32] {
  Conv2d(64, 3, padding=1, bias=false)
  BatchNorm2d
}
"""

Given = dict[str, Any]
"""The positional arguments by name."""


def _shifted_kernel(given: Given, size: int) -> bool:
    """`Conv2d(3, 32, 3)`: a kernel of an even width above its step. A 4 or 5 that was meant as channels is let pass."""
    kernel, stride = given.get("kernel_size"), given.get("stride")
    if given.get("out_channels") != size or not isinstance(kernel, int) or not isinstance(stride, int):
        return False
    return kernel >= 6 and kernel > stride and kernel % 2 == 0 and (size <= 4 or kernel % stride > 0 or kernel >= 16)


SHIFTED: dict[str, Callable[[Given, int], bool]] = {
    "eps": lambda given, size: given["eps"] >= 1,
    "dropout": lambda given, size: given["dropout"] >= 1,
    "num_layers": lambda given, size: given.get("hidden_size") == size and given["num_layers"] > 8,
    "dim_feedforward": lambda given, size: given.get("nhead") == size and given["dim_feedforward"] < size,
    "stride": _shifted_kernel,
}
"""Arguments that get what was meant for the one before them, and when they show it."""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for layer in context.layers():
        sizes = [each for each in layer.arguments if each.inferred and isinstance(each.value, int)]
        given = _positional(layer)
        for name in given.keys() & SHIFTED.keys() if sizes else ():
            if SHIFTED[name](given, sizes[0].value):
                yield _warning(layer, sizes[0].name, sizes[0].value, given, context)


def _positional(layer: Layer) -> dict[str, Any]:
    """The arguments that are written without a name."""
    return {each.name: each.value for each in layer.arguments if each.positional and not each.inferred}


def _warning(layer: Layer, size_name: str, size: int, given: Given, context: Context) -> Diagnostic:
    read = ", ".join(f"`{name}` {value}" for name, value in given.items())
    call = context.call_at(layer.span)
    args = call.args if isinstance(call, ast.Apply) and call.args else ()
    number = [each.name for each in layer.arguments].index(size_name)  # where it would stand in Python
    place = args[number].span if number < len(args) and args[number].name is None else layer.span
    note = Note(f"`{size_name}` is {size}, read off the input; written is {read}")
    help = f"write `{_without(number, call, args)}`" if number < len(args) else f"leave `{size_name}` out"
    return warning(CODE, f"`{layer.class_name}` is not told its `{size_name}`", place, note, help=help)


def _without(number: int, call: ast.Apply, args: tuple[ast.Arg, ...]) -> str:
    rest = ", ".join(arg.span.text for arg in (*args[:number], *args[number + 1 :]))
    return call.callee.text + (f"({rest})" if rest else "")
