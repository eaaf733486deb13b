"""Lists of tensors that grow in a loop kept for run time: how many there are is a size of the net once it is over."""

from __future__ import annotations

from typing import Any

from ..catalog.functions import TensorFunction
from ..diagnostics import SpecError, error
from ..ir.graph import Node, Value
from ..ir.types import ListType, TensorType
from ..shapes import arithmetic, rounds_of
from ..source import Span
from ..syntax import ast, walk
from .callees import describe
from .data_sizes import new_data_size
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
    """The names that a body may append to: `y += …`, `y = y + …`."""
    found = (each for each in walk(body) if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name))
    named = ((each, each.targets[0].text) for each in found)
    return {name for each, name in named if each.op == "+=" or _first_term(each.value) == name}


def _first_term(node: ast.Expr) -> str | None:
    """The name that a sum starts with."""
    while isinstance(node, ast.Binary) and node.op == "+":
        node = node.left
    return node.name if isinstance(node, ast.Var) else None


def appended(items: Value, more: Any, span: Span, frame: Frame, in_front: bool = False) -> Value:
    """The list with further tensors at its end, or in front. Raises SpecError for what is unlike its items."""
    element = items.type.element
    for each in more if isinstance(more, (list, tuple)) else [None]:
        element = element or getattr(each, "type", None)
        if not isinstance(each, Value) or not isinstance(element, TensorType) or each.type != element:
            wanted = f"tensors `{element}`" if element else "tensors"
            raise error("TN0303", f"a list that grows in a loop holds {wanted}, not {describe(each or more)}", span)
    length = None if items.type.length is None else arithmetic("+", items.type.length, len(more))
    added = None if items.type.added is None else arithmetic("+", items.type.added, len(more))
    type_ = ListType("list", element, length, added)
    args = (more, items) if in_front else (items, more)
    return frame.emit(Node("operator", "+", args, {}, Value(items.name, type_, span), span))


def within(items: Value) -> None:
    """Make a list one of which a round does not know how long it is."""
    items.type = ListType("list", items.type.element, None)


def after_rounds(items: Value, before: Value, after: Value, bounds: tuple, frame: Frame) -> None:
    """Give the list after a loop its length: that before and what each round adds, where that is known."""
    kind, each = before.type, after.type.added
    rounds = _rounds(bounds)
    grown = 0 if each == 0 else None if rounds is None or each is None else arithmetic("*", rounds, each)
    added = None if grown is None or kind.added is None else arithmetic("+", kind.added, grown)
    length, empty = kind.length, kind.may_be_empty
    if length is not None and grown is None:
        empty = empty or length == 0 and (len(bounds) == 3 or not bounds[0])
        length = new_data_size(frame)
    elif length is not None:
        length = arithmetic("+", length, grown)
    items.type = ListType("list", after.type.element, length, added, empty)


def _rounds(bounds: tuple) -> Any:
    """How many rounds a range has; None for random ones, and where an outer loop's round says it."""
    if len(bounds) != 3:
        return None
    start, stop, step = bounds
    found = arithmetic("//", arithmetic("+", arithmetic("-", stop, start), step - 1), step)
    return None if rounds_of(found) else found


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
    if items.type.may_be_empty:
        raise error(
            "TN0303", f"`{items.name}` may be empty: its repeat may have no round", span,
            help=f"let it start with an item, `{items.name} = [x]`, or let at least one round be drawn",
        )  # fmt: skip
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
