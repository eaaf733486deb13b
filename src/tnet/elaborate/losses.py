"""A loss over the net's outputs, its inputs and the sample's fields by name, as a graph of its own.

`cross_entropy(logits, target) + 0.4 * cross_entropy(aux, target)`, or a block of two inputs, applied to (output,
target). The names that a loss takes are tensors of given types; all its other names are the section's and the file's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..diagnostics import SpecError, error
from ..ir.graph import Module, Net, Value
from ..ir.types import DTYPES, OpaqueType, TensorType
from ..ir.values import Expression
from ..source import Span
from ..syntax import ast, dotted, walk
from .apply import Inputs, apply_callee
from .callees import Callee, Skip, describe
from .evaluation import evaluate
from .frames import MISSING, Frame, LimitReached, NetState, Work
from .library import library_value

NAME = "Loss"


class LossFrame(Frame):
    """Names in a loss: its tensors, then what the section and the file say."""

    section_frame: Frame

    def find(self, name: str) -> Any:
        found = super().find(name)
        return self.section_frame.find(name) if found is MISSING else found

    def find_callee(self, name: str) -> Any:
        found = super().find(name)
        return self.section_frame.find_callee(name) if found is MISSING else found


def names_of(value: Any, known: Collection[str]) -> list[str]:
    """The names in a loss that are tensors, in order: the `known` ones, and those that mean nothing to the spec or the
    libraries, which can only be fields of the sample."""
    if isinstance(value, Callee):
        return ["output", "target"]
    names = (node.name for node in _variables(value.node))
    return list(dict.fromkeys(name for name in names if name in known or not _is_known(name, value.frame)))


def _variables(node: ast.Expr) -> Iterator[ast.Var]:
    """Variables of an expression but those that are called."""
    called = {id(each.callee) for each in walk(node) if isinstance(each, ast.Call)}
    roots = {id(each.value) for each in walk(node) if isinstance(each, ast.Attribute) and _is_namespace(each)}
    for each in walk(node):
        if isinstance(each, ast.Var) and id(each) not in called | roots:
            yield each


def _is_namespace(node: ast.Attribute) -> bool:
    from ..catalog.functions import NAMESPACES

    return isinstance(node.value, ast.Var) and node.value.name in NAMESPACES


def _is_known(name: str, frame: Frame) -> bool:
    try:
        spec = frame.find(name) is not MISSING or frame.globals.find(name) is not MISSING
    except Skip:
        return True
    return spec or library_value(name) is not MISSING or name in DTYPES


def place_of(value: Any, name: str, span: Span) -> Span:
    """Where a loss names something first."""
    if isinstance(value, Callee):
        return span
    return next((each.span for each in _variables(value.node) if each.name == name), span)


def path_of(value: Any, name: str) -> str:
    """The dotted name that begins with a name of a loss, `nn.CrossEntropyLoss` of `nn`, or the name."""
    if isinstance(value, Callee):
        return name
    paths = (dotted(each) or "" for each in walk(value.node) if isinstance(each, ast.Attribute))
    return max((each for each in paths if each.startswith(f"{name}.")), key=len, default=name)


def direct_call(value: Any, outputs: Collection[str]) -> ast.Call | None:
    """The first call of a function with an output and `target` as they are, `cross_entropy(logits, target)`."""
    if isinstance(value, Callee):
        return None
    for each in walk(value.node):
        if isinstance(each, ast.Call) and isinstance(each.callee, ast.Var):
            first = [arg.value.name for arg in each.args[:2] if isinstance(arg.value, ast.Var)]
            if len(first) == 2 and first[0] in outputs and first[1] == "target":
                return each
    return None


def literal_arguments(call: ast.Call) -> dict[str, Any]:
    """The keyword arguments of a call that are numbers or texts as they stand."""
    found: dict[str, Any] = {}
    for arg in call.args:
        if arg.name and isinstance(arg.value, ast.Literal):
            found[arg.name.text] = arg.value.value
        elif arg.name and isinstance(arg.value, ast.String):
            found[arg.name.text] = "".join(part for part in arg.value.parts if isinstance(part, str))
    return found


def elaborate_loss(value: Any, types: Mapping[str, TensorType], hints: Mapping[str, int], span: Span) -> Net:
    """The graph of a loss: a net with an input for each of `types`, which gives one number.

    `value` is an `Expression` or the `Callee` of a block. Raises SpecError with all that is wrong.
    """
    inputs = [Value(name, kind, span) for name, kind in types.items()]
    module = Module("net", NAME, list(inputs), own_inputs=len(inputs), span=span)
    work, state = Work(), NetState(hints=dict(hints))
    try:
        result = _result(value, inputs, module, work, state, span)
    except Skip:
        raise SpecError(work.diagnostics) from None
    except LimitReached as reached:
        raise reached.problem from None
    if work.diagnostics:
        raise SpecError(work.diagnostics)
    if not isinstance(result, Value) or isinstance(result.type, OpaqueType):
        raise error("TN0802", f"{describe(result)} is no loss", span, help="such as `CrossEntropyLoss()`")
    if result.type.dims:
        raise error("TN0802", f"a loss is one number, this is `{result.type}`", span, help="take its `mean()`")
    module.result = result
    symbols = {name: None for name in hints}
    return Net(NAME, module, ((None, result.type),), symbols, (), span)


def _result(value: Any, inputs: list[Value], module: Module, work: Work, state: NetState, span: Span) -> Any:
    if isinstance(value, Expression):
        frame = LossFrame(work, value.frame.globals, state, module, names={each.name: each for each in inputs})
        frame.section_frame = value.frame
        return evaluate(value.node, frame)
    home = getattr(value.target, "globals", None)  # Python code reads no names of the spec
    frame = Frame(work, home, state, module)
    name = ast.Name(span, value.name)
    step = ast.Step(span, None, ast.Apply(span, name, None))
    return apply_callee(value, None, Inputs(tuple(inputs), {}, span), span, step, frame)
