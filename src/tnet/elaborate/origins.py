"""Where values and their sizes came from: what a body calls a value, the step that gave a size, the steps before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnostics import Note
from ..ir import text
from ..ir.graph import Layer, LayerArgument, Node, Value, leaves, uses, walk
from ..ir.types import TensorType
from ..source import Span
from .disagreements import Side
from .frames import Frame

LAST_STEPS = 4
LONGEST_STEP = 40
GIVE_SIZES = ("out_", "embedding_dim", "hidden_size", "proj_size", "output_size", "size", "num_embeddings")
"""Arguments, or the starts of their names, that say a size of what a layer gives."""


def called(value: Value, frame: Frame) -> str:
    """What the body calls a value, or the text that made it."""
    names = [name for name, held in frame.names.items() if held is value]
    if names:
        return value.name if value.name in names else names[0]
    is_input = frame.module is not None and value in frame.module.inputs
    return value.name if is_input or value.span is None else shortened(value.span.text)


def shortened(code: str) -> str:
    """The text of a step on one line of limited length."""
    line = " ".join(code.split())
    return line if len(line) <= LONGEST_STEP else line[: LONGEST_STEP - 1] + "…"


def producers(frame: Frame) -> dict[Value, Node]:
    """The node that gave each value of this body."""
    nodes = [*(frame.module.nodes if frame.module else ()), *(frame.block or ())]
    return {value: node for node in walk(nodes) for value in leaves(node.result)}


def origin(side: Side, frame: Frame) -> Note:
    """The step, or the argument of it, that made a size what it is."""
    made_by = producers(frame)
    value, dim = side.value, side.dim
    while (before := _same_size_before(value, dim, made_by)) is not None:
        value = before
    label = f"dim {side.dim} of `{called(side.value, frame)}` is {text.size(side.size)}"
    node = made_by.get(value)
    if node is None:
        return Note(f"{label} from here", value.span and _dim_of_type(value.span, dim))
    argument = _argument(node, side, frame)
    if argument is None:
        return Note(f"{label} from here", value.span)
    written = argument.span.text
    return Note(f"{label}: `{written}` is {side.size} here" if written != str(side.size) else label, argument.span)


def _dim_of_type(declared: Span, dim: int) -> Span:
    """The place of a dim in `image: float[N, 3, 8, 8]`; what is no type is marked as a whole."""
    if not re.fullmatch(r"\w+\s*:\s*\w+\s*\[[^\[\]()]*\]", declared.text):
        return declared
    found = list(re.finditer(r"[^\s,\[\]][^,\]]*", declared.text[declared.text.index("[") :]))[dim]
    start = declared.start + declared.text.index("[") + found.start()
    return declared.source.span(start, start + len(found[0].rstrip()))


def _same_size_before(value: Value, dim: int, made_by: dict[Value, Node]) -> Value | None:
    """The input of the step that gave `value` which has the same size in the same dim, if one has."""
    node = made_by.get(value)
    for each in uses(node) if node else ():
        alike = isinstance(each.type, TensorType) and len(each.type.dims) == len(value.type.dims)
        if alike and each.type.dims[dim] == value.type.dims[dim]:
            return each
    return None


def _argument(node: Node, side: Side, frame: Frame) -> LayerArgument | None:
    """The argument of a layer that says the size."""
    layer = frame.module.children.get(node.target) if node.op == "apply" else None
    for each in layer.arguments if isinstance(layer, Layer) else ():
        if each.span and each.value == side.size and each.name.startswith(GIVE_SIZES):
            return each
    return None


def steps_before(values: list[Value], frame: Frame) -> Iterator[Note]:
    """The last steps that these values came through, each with its line and what it gave."""
    made_by = producers(frame)
    reached: list[Value] = []
    waiting = list(values)
    while waiting:
        value = waiting.pop(0)
        if value in reached or value.span is None or not isinstance(value.type, TensorType):
            continue
        reached.append(value)
        waiting += uses(made_by[value]) if value in made_by else ()
    order = {value: number for number, value in enumerate(made_by)}
    last = sorted(reached, key=lambda value: (order.get(value, -1), value.span.start))[-LAST_STEPS:]
    if len(last) > len(set(values)):
        rows = [(f"line {value.span.line}", _written(value, made_by), text.shape(value.type)) for value in last]
        lines = (f"{line:9} {step:{max(len(row[1]) for row in rows)}}  {shape}" for line, step, shape in rows)
        yield Note("\n".join(["the steps before it", *lines]))


def _written(value: Value, made_by: dict[Value, Node]) -> str:
    return shortened(value.span.text) if value in made_by else value.name
