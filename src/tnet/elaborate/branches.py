"""Code kept for run time: elaborated aside, and what its paths make of a name brought together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..diagnostics import Note, SpecError, error
from ..ir.graph import Branch, Node, TrainingChoice, Value, leaves, walk
from ..ir.types import ListType, TensorType
from ..shapes.conditions import implied
from ..source import Span
from ..syntax import ast
from .callees import UNKNOWN, describe
from .evaluation import is_runtime
from .frames import MISSING, Frame, Unsettled


@dataclass
class Path:
    """What elaborating one path gave: its nodes, the names after it, the value of the expression that it is."""

    nodes: list[Node]
    names: dict[str, Any]
    value: Any = None


def run_path(run: Callable[[], Any], frame: Frame, names: Mapping[str, Any] | None = None) -> Path:
    """Elaborate with nodes and names put aside; the frame is then as before."""
    block, held = frame.block, frame.names
    frame.block, frame.names = [], {**held, **(names or {})}
    try:
        value = run()
        return Path(frame.block, frame.names, value)
    finally:
        frame.block, frame.names = block, held


@dataclass
class Join:
    """Brings the values of two paths together: `merged` are the values after them, of which `then` and `otherwise` have
    those that they come from."""

    frame: Frame
    span: Span
    words: tuple[str, str] = ("in training", "else")
    what: str = ""
    even: bool = True  # lists grow by as many items on both
    then: list[Value] = field(default_factory=list)
    otherwise: list[Value] = field(default_factory=list)
    merged: list[Value] = field(default_factory=list)

    def value(self, name: str, then: Any, otherwise: Any) -> Any:
        """The value of a name after the paths. Raises SpecError where its type depends on the path."""
        if then is otherwise:
            return then
        if then is UNKNOWN or otherwise is UNKNOWN:
            return UNKNOWN
        for given, other, mode in ((then, self.words[1], "training"), (otherwise, self.words[0], "eval")):
            if isinstance(given, Unsettled):
                return given
            if given is MISSING or isinstance(given, Value) and given.only not in ("", mode):
                return Unsettled(f"it is assigned only {other}")
        if isinstance(then, Value) and isinstance(otherwise, Value) and same_type(then, otherwise, self.frame):
            return self._tensor(name, then, otherwise)
        if isinstance(then, (tuple, list)) and type(then) is type(otherwise) and len(then) == len(otherwise):
            return type(then)(self.value(name, *pair) for pair in zip(then, otherwise, strict=True))
        if isinstance(then, dict) and isinstance(otherwise, dict) and list(then) == list(otherwise):
            return {key: self.value(name, then[key], otherwise[key]) for key in then}
        if not is_runtime((then, otherwise)) and type(then) is type(otherwise):
            if then == otherwise:
                return then
            if isinstance(then, (int, float, str)):
                return TrainingChoice(then, otherwise)
        raise self.conflict(name, then, otherwise)

    def _tensor(self, name: str, then: Value, otherwise: Value) -> Value:
        kind = then.type
        if self.even and isinstance(kind, ListType) and kind.added != otherwise.type.added:
            raise error("TN0406", f"`{name}` grows by more items {self.words[0]} than {self.words[1]}", self.span)
        if isinstance(kind, TensorType) and kind.strides is None:
            kind = otherwise.type
        self.then.append(then)
        self.otherwise.append(otherwise)
        self.merged.append(Value(name, kind, self.span))
        return self.merged[-1]

    def conflict(self, name: str, then: Any, otherwise: Any) -> SpecError:
        places = [(then, self.words[0]), (otherwise, self.words[1])]
        notes = [
            Note(f"`{each.type}` {where}", each.span) for each, where in places if isinstance(each, Value) and each.span
        ]
        kinds = " and ".join(f"{_kind(each)} {where}" for each, where in places)
        return error(
            "TN0406", f"{self.what or f'`{name}`'} is {kinds}", self.span, *notes,
            help="what is kept for run time gives a name the same shape and dtype on every path",
        )  # fmt: skip

    def names(self, then: Mapping[str, Any], otherwise: Mapping[str, Any]) -> dict[str, Any]:
        """The names that the paths changed, with their values after them; each conflict is reported."""
        found = {}
        for name in dict.fromkeys([*then, *otherwise]):
            pair = then.get(name, MISSING), otherwise.get(name, MISSING)
            if pair[0] is pair[1] is self.frame.names.get(name, MISSING):
                continue
            if name in self.frame.module.buffers:
                found[name] = pair[0]  # the buffer itself holds what the paths made of it
                continue
            try:
                found[name] = self.value(name, *pair)
            except SpecError as problem:
                self.frame.work.report(problem)
                self.frame.failed = True
                found[name] = UNKNOWN
        return found


def _kind(value: Any) -> str:
    return f"`{value.type}`" if isinstance(value, Value) else describe(value)


def same_type(one: Value, other: Value, frame: Frame) -> bool:
    """Whether two values have the same dtype and sizes, at all sizes that the steps before accept."""
    a, b = one.type, other.type
    if a == b:
        return True
    if not isinstance(a, TensorType) or not isinstance(b, TensorType) or a.dtype != b.dtype:
        return False
    relations = [relation for relation, _ in frame.net.relations]
    return len(a.dims) == len(b.dims) and all(
        one == other or not isinstance(one, int) and implied(one, other, relations)
        for one, other in zip(a.dims, b.dims, strict=True)
    )


def settle(found: Mapping[str, Any], node: Node, frame: Frame) -> None:
    """After code kept for run time: its node, its names, fresh reads of the buffers and parameters that it named."""
    if node.result or any(body.nodes for body in node.bodies):
        frame.emit(node)
    for body in node.bodies:
        frame.hidden |= set(defined(body))
    for name, value in found.items():
        declared = name in frame.module.parameters and isinstance(value, Unsettled)
        fresh = name in frame.module.buffers or declared
        frame.names[name] = read_own(name, node.span, frame) if fresh else value


def defined(body: Branch) -> Iterator[Value]:
    """The values that are only there within a body."""
    yield from body.inputs
    for node in walk(body.nodes):
        yield from leaves(node.result)
        for inner in node.bodies:
            yield from inner.inputs


def read_own(name: str, span: Span, frame: Frame) -> Value:
    """A parameter or buffer of this body's module as it is now."""
    declared = {**frame.module.parameters, **frame.module.buffers}[name]
    value = Value(name, declared.type, span)
    return frame.emit(Node("read", name, (), {}, value, span))


def refuse_return(body: ast.Body) -> None:
    """Raise SpecError for a `return` in code kept for run time."""
    for statement in body.statements:
        if isinstance(statement, ast.Return):
            raise error(
                "TN0501", "no `return` in code kept for run time", statement.span,
                help="assign a name there, and return that after it",
            )  # fmt: skip
        inner = [statement.body] if isinstance(statement, ast.For) else []
        if isinstance(statement, ast.If):
            inner = [statement.then, *filter(None, [statement.otherwise])]
        for each in inner:
            refuse_return(each)
