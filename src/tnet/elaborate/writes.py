"""Index writes: what is written to is a copy, of a tensor or of a list or map of tensors."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from ..diagnostics import error
from ..ir.graph import Value
from ..syntax import ast
from .callees import describe
from .evaluation import compile_time, evaluate, tensor_operation
from .frames import Frame
from .growing import is_list
from .indexing import item_now, subscript
from .operators import apply_operator


def written(base: Any, indices: Sequence[tuple], node: ast.IndexAssign, frame: Frame) -> Any:
    """`base[…][…] = value`: a copy of `base` that holds a changed copy of what the first `[…]` leads to, and so on."""
    if isinstance(base, Value) and not is_list(base):
        return _written_tensor(base, indices, node, frame)
    if type(base) not in (list, dict) or len(indices[0]) != 1 or isinstance(indices[0][0], (ast.Slice, ast.Ellipsis)):
        help = "one item at a time: `y[0] = …`" if type(base) in (list, dict) else None
        raise error("TN0303", f"an index write needs a tensor, not {describe(base)}", node.name.span, help=help)
    (place,), *rest = indices
    copy = base.copy()
    key = compile_time(place, frame, "where an item is written")
    if isinstance(base, list) or rest or node.op != "=" or not isinstance(key, str):
        held = item_now(base, place, node.name.span, frame)  # it must be there
        copy[key] = written(held, rest, node, frame) if rest else _content(held, node, frame)
    else:
        copy[key] = evaluate(node.value, frame)
    return copy


def _written_tensor(base: Value, indices: Sequence[tuple], node: ast.IndexAssign, frame: Frame) -> Any:
    first, *rest = indices
    subscripts = tuple(subscript(each, frame) for each in first)
    if not rest and node.op == "=":
        content = evaluate(node.value, frame)
    else:
        held = tensor_operation(frame, "index", "", operator.getitem, (base, subscripts), {}, node.span)
        content = _written_tensor(held, rest, node, frame) if rest else _content(held, node, frame)
    return tensor_operation(frame, "set_index", "", _set_index, (base, subscripts, content), {}, node.span)


def _content(held: Any, node: ast.IndexAssign, frame: Frame) -> Any:
    value = evaluate(node.value, frame)
    return value if node.op == "=" else apply_operator(node.op[:-1], held, value, node.span, frame)


def _set_index(base: Any, subscripts: tuple, content: Any) -> Any:
    copy = base.clone()
    copy[subscripts] = content
    return copy
