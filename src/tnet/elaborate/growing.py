"""Lists of tensors that grow in a loop kept for run time: how many there are is a size of the net once it is over."""

from __future__ import annotations

from typing import Any

from ..catalog.functions import TensorFunction
from ..diagnostics import SpecError, error
from ..ir.graph import Node, Value
from ..ir.types import ListType, TensorType
from ..shapes import arithmetic
from ..source import Span
from ..syntax import ast, walk
from .callees import describe
from .evaluation import tensor_operation
from .frames import Frame
from .inference import new_values

JOINED = {
    "stack": lambda rows, dim=0: rows.movedim(0, dim),
    "cat": lambda rows, dim=0: rows.movedim(0, dim).flatten(dim, dim + 1),
}
JOINED["concat"] = JOINED["concatenate"] = JOINED["cat"]
"""What joins a list, given its items in one tensor along dim 0, for inference."""


def is_list(value: Any) -> bool:
    """Whether a value is a list whose length is known only when the model runs."""
    return isinstance(value, Value) and isinstance(value.type, ListType)


def let_grow(body: ast.Body, frame: Frame) -> None:
    """Make the lists that a body appends to run-time values, where their items are alike."""
    for name in sorted(_appended(body)):
        items = frame.names.get(name)
        types = {each.type if isinstance(each, Value) else None for each in items} if type(items) is list else {None}
        if len(types) < 2 and None not in types:
            type_ = ListType("list", next(iter(types), None), len(items))
            frame.names[name] = frame.emit(Node("list", "", tuple(items), {}, Value(name, type_, body.span), body.span))


def _appended(body: ast.Body) -> set[str]:
    found = (each for each in walk(body) if isinstance(each, ast.Assign) and each.op == "+=")
    return {each.targets[0].text for each in found if isinstance(each.value, ast.ListExpr)}


def appended(items: Value, more: Any, span: Span, frame: Frame) -> Value:
    """The list with further tensors at its end. Raises SpecError for what is unlike its items."""
    element = items.type.element
    for each in more if isinstance(more, (list, tuple)) else [None]:
        element = element or getattr(each, "type", None)
        if not isinstance(each, Value) or not isinstance(element, TensorType) or each.type != element:
            wanted = f"tensors `{element}`" if element else "tensors"
            raise error("TN0303", f"a list that grows in a loop holds {wanted}, not {describe(each or more)}", span)
    length = None if items.type.length is None else arithmetic("+", items.type.length, len(more))
    type_ = ListType("list", element, length, items.type.added + len(more))
    return frame.emit(Node("operator", "+", (items, more), {}, Value(items.name, type_, span), span))


def within(items: Value) -> None:
    """Make a list one of which a round does not know how long it is."""
    items.type = ListType("list", items.type.element, None)


def after_rounds(items: Value, before: Value, after: Value, bounds: tuple) -> None:
    """Give the list after a loop its length: that before and what each round adds."""
    start, stop, step = bounds
    rounds = arithmetic("//", arithmetic("+", arithmetic("-", stop, start), step - 1), step)
    added, length = after.type.added, before.type.length
    whole = None if length is None or not added else arithmetic("+", arithmetic("*", rounds, added), length)
    items.type = ListType("list", after.type.element, length if not added else whole, before.type.added)


def item(items: Value, subscripts: tuple, span: Span, frame: Frame) -> Value:
    """The first or the last item."""
    if subscripts not in ((0,), (-1,)) or items.type.element is None:
        raise error(
            "TN0303", "of a list that grows in a loop only the first and the last item can be read", span,
            help="`stack` it after the loop and take the others from that",
        )  # fmt: skip
    return frame.emit(Node("index", "", (items, subscripts), {}, new_values(items.type.element, span), span))


def join(function: TensorFunction, args: tuple, kwargs: dict[str, Any], span: Span, frame: Frame) -> Any:
    """`stack(items, dim=1)` or `cat(items)`."""
    items = args[0]
    if function.name not in JOINED or not is_list(items):
        raise error("TN0303", f"`{function.name}` takes tensors, not a list", span, help="`stack` or `cat` it first")
    if items.type.length is None or items.type.element is None:
        raise _unknown_length(items, span)
    rows = Value("items", TensorType(items.type.element.dtype, (items.type.length, *items.type.element.dims)))
    last = len(items.type.element.dims)
    dim = kwargs.get("dim", args[1] if len(args) > 1 else 0)
    if isinstance(dim, int) and dim < 0 and function.name != "stack":
        dim += last
    given = (rows, dim)
    found = tensor_operation(frame, "function", function.path, JOINED[function.name], given, {}, span, function.name)
    node = _last(frame)
    node.args, node.kwargs = args, kwargs
    return found


def _last(frame: Frame) -> Node:
    return (frame.module.nodes if frame.block is None else frame.block)[-1]


def _unknown_length(items: Value, span: Span) -> SpecError:
    return error("TN0303", f"`{items.name}` has a length only after its loop", span, help="join it there")
