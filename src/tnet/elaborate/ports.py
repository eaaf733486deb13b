"""Types of inputs and outputs: declaring them, and checking values against stated sizes."""

from __future__ import annotations

from typing import Any

from ..diagnostics import Note, did_you_mean, error
from ..ir import text
from ..ir.graph import Value
from ..ir.types import DTYPES, OpaqueType, TensorType
from ..shapes import is_symbolic, symbol
from ..shapes.conditions import divisor_needed, implied
from ..syntax import ast
from .bodies import executes
from .callees import describe
from .disagreements import Side
from .evaluation import compile_time
from .frames import MISSING, Frame
from .origins import origin


def dtype_of(node: ast.Name) -> str:
    if node.text not in DTYPES:
        raise error("TN0201", f"unknown dtype `{node.text}`", node.span, help=did_you_mean(node.text, DTYPES))
    return DTYPES[node.text]


def input_type(node: ast.Type, frame: Frame, symbols: dict[str, int | None]) -> TensorType:
    """The type of a net's input; fresh names become symbolic dims, entered in `symbols` with their hints."""
    return TensorType(dtype_of(node.dtype), tuple(_input_dim(dim, frame, symbols) for dim in node.dims))


def _input_dim(dim: ast.Dim, frame: Frame, symbols: dict[str, int | None]) -> Any:
    if isinstance(dim.value, ast.Var) and _is_fresh(dim.value.name, frame, symbols):
        name = dim.value.name
        if name == "_":
            raise error("TN0403", "an input's dim needs a number or a name", dim.span, help="name it, such as `N`")
        hint = None if dim.hint is None else size(compile_time(dim.hint, frame, "a hint"), dim.hint)
        if hint == 0:
            raise error("TN0304", f"`{name}` is any size from 1, so that 0 is no example", dim.hint.span)
        if name in symbols and hint is not None and symbols[name] not in (None, hint):
            raise error("TN0304", f"`{name}` has two hints, {symbols[name]} and {hint}", dim.span)
        symbols[name] = symbols.get(name) or hint
        return symbol(name)
    if dim.hint is not None:
        raise error("TN0206", f"`{dim.value.span.text}` is a number; only a fresh name takes a hint", dim.span)
    return size(compile_time(dim.value, frame, "a size"), dim.value)


def _is_fresh(name: str, frame: Frame, symbols: dict[str, int | None]) -> bool:
    return name in symbols or frame.find(name) is MISSING and frame.globals.find(name) is MISSING


def size(value: Any, node: ast.Node) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise error("TN0303", f"a size is an integer from 0, not {describe(value)}", node.span)
    return value


def fixed_type(node: ast.Type, frame: Frame) -> TensorType:
    """The type of a parameter or buffer: numbers only."""
    dims = []
    for dim in node.dims:
        value = compile_time(dim.value, frame, "a size")
        if is_symbolic(value):
            raise error(
                "TN0403", f"a parameter's size may not depend on the symbolic size `{text.size(value)}`", dim.span
            )
        dims.append(size(value, dim))
    return TensorType(dtype_of(node.dtype), tuple(dims))


def check_output(node: ast.Type, value: Any, frame: Frame, what: str) -> TensorType | OpaqueType:
    """An output against its declared type."""
    if not isinstance(value, Value):
        raise error("TN0504", f"{what} is {describe(value)}, not one tensor", node.span)
    if isinstance(value.type, OpaqueType):
        raise error(
            "TN0504", f"{what} is a `{value.type}`, not a tensor", node.span, Note("it comes from here", value.span)
        )
    expected = dtype_of(node.dtype)
    if value.type.dtype != expected:
        raise error(
            "TN0504", f"{what} is declared {node.dtype.text}, but it is `{value.type}`", node.dtype.span,
            Note("it comes from here", value.span),
        )  # fmt: skip
    check_dims(tuple(dim.value for dim in node.dims), value, node.span, frame, what)
    return value.type


def check_dims(dims: tuple[ast.Expr, ...], value: Value, span: Any, frame: Frame, what: str) -> None:
    """Stated sizes against those of a tensor; `_` is any."""
    stated = [None if isinstance(dim, ast.Var) and dim.name == "_" else _stated(dim, frame) for dim in dims]
    actual = value.type.dims
    if len(stated) != len(actual):
        help = (
            "`flatten(1)` before the last layers joins all dims but the batch"
            if len(actual) > len(stated) == 2
            else None
        )
        raise _mismatch(f"has {len(actual)} dims, not {len(stated)}", value, span, what, help=help)
    for number, (node, expected, got) in enumerate(zip(dims, stated, actual, strict=True)):
        if expected is not None and expected != got and not _can_be_same(expected, got, node, frame):
            made = "" if node.span.text == text.size(expected) else f" (`{node.span.text}`)"
            why = f"dim {number} is {text.size(got)}, not {text.size(expected)}{made}"
            raise _mismatch(why, value, node.span, what, origin(Side(value, number), frame))


def _can_be_same(expected: Any, got: Any, node: ast.Expr, frame: Frame) -> bool:
    """Whether two sizes are the same at all sizes that the steps before accept, or at those with some divisor, which
    the stated size then asks for.
    """
    if same_where_it_runs(expected, got, frame):
        return True
    needed = divisor_needed(expected, got) if is_symbolic(expected) or is_symbolic(got) else None
    if needed is not None:
        frame.net.relations.append((needed, node.span))
    return needed is not None


def same_where_it_runs(expected: Any, got: Any, frame: Frame) -> bool:
    """Whether two sizes are the same at all sizes that the steps before accept: `H` and `8 * (H // 8)`, say."""
    if not (is_symbolic(expected) or is_symbolic(got)):
        return False
    return implied(expected, got, [relation for relation, _ in frame.net.relations])


def _stated(dim: ast.Expr, frame: Frame) -> Any:
    value = compile_time(dim, frame, "a size")
    return value if is_symbolic(value) else size(value, dim)


def _mismatch(
    why: str, value: Value, span: Any, what: str, cause: Note | None = None, help: str | None = None
) -> Exception:
    note = cause or Note("it comes from here", value.span)
    return error("TN0402", f"{what} is `{value.type}`: {why}", span, *([note] if note.span else []), help=help)


@executes(ast.ShapeStatement)
def shape_statement(node: ast.ShapeStatement, frame: Frame) -> None:
    flow = frame.find("x")
    if not isinstance(flow, Value):
        raise error("TN0402", f"`shape` is of one tensor, but `x` is {describe(flow)}", node.span)
    check_dims(node.dims, flow, node.span, frame, "`x`")
