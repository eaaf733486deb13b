"""Nets: inputs from their types, the body, outputs against theirs, and what was asked of symbolic sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..diagnostics import Note, SpecError, counted, did_you_mean, error
from ..ir.graph import Module, Net, Value
from ..shapes import symbol
from ..shapes.conditions import summarise
from ..syntax import ast
from .bodies import run_body
from .callees import UNKNOWN, Callee, Faults, Skip, describe
from .evaluation import is_runtime
from .frames import Active, Frame, NetState, Work
from .globals import Globals
from .inference import types_of
from .ports import check_output, input_type


def elaborate_net(callee: Callee, work: Work) -> Net | None:
    """The typed graph of a net, or None if it is wrong. Sizes without a hint are tried at several values."""
    first: list[Any] | None = None
    for attempt in range(len(ATTEMPTS)):
        trial = Work(steps=work.steps, operations=work.operations)
        net, symbols = _elaborate(callee, trial, attempt)
        work.operations, work.steps = trial.operations, trial.steps
        first = trial.diagnostics if first is None else first
        work.unfinished = trial.unfinished | work.unfinished
        shape_faults = any(each.code == "TN0401" for each in trial.diagnostics)
        if net is not None or not shape_faults or None not in symbols.values():
            first = trial.diagnostics if net is not None else first
            break
    work.report(SpecError(first))
    return net


ATTEMPTS = (
    lambda number: 64 * (number + 1),
    lambda number: 1024 * (number + 1),
    lambda number: 8 * (number + 1),
    lambda number: number + 2,
)
"""Sizes tried for the symbolic dims that have no hint, by their number: distinct, and divisible as sizes often are."""


def _elaborate(callee: Callee, work: Work, attempt: int) -> tuple[Net | None, dict[str, int | None]]:
    node: ast.Net = callee.target.node
    globals_: Globals = callee.target.globals
    symbols: dict[str, int | None] = {}
    module = Module("net", node.name.text, span=node.span, doc=globals_.documentation.get(node.span.start, ""))
    state = NetState(active={id(node): Active(node.name.text, None)})
    frame = Frame(work, globals_, state, module)
    try:
        _enter_inputs(node, frame, symbols)
    except SpecError as problem:
        work.report(problem)
        return None, symbols
    except Skip:
        return None, symbols
    free = [name for name, hint in symbols.items() if hint is None]
    state.hints.update({name: hint for name, hint in symbols.items() if hint is not None})
    state.hints.update({name: ATTEMPTS[attempt](number) for number, name in enumerate(free)})
    module.result = run_body(node.body, frame)
    outputs = _outputs(node, module.result, frame)
    if outputs is None or frame.failed:
        work.unfinished[node.name.text] = _unfinished(node, module, symbols, state)
        return None, symbols
    conditions = summarise(state.relations)
    return Net(node.name.text, module, outputs, symbols, conditions, node.span, module.doc), symbols


def _unfinished(node: ast.Net, module: Module, symbols: dict[str, int | None], state: NetState) -> Net:
    """A wrong net, as far as it came: with what is in the modules that failed, and no outputs."""
    for around, name, inner in state.unfinished:
        around.children.setdefault(name, inner)
    return Net(node.name.text, module, (), symbols, summarise(state.relations), node.span)


def _enter_inputs(node: ast.Net, frame: Frame, symbols: dict[str, int | None]) -> None:
    seen: set[str] = set()
    faults = Faults()
    for port in node.inputs:
        if port.name.text in seen:
            raise error("TN0202", f"input `{port.name.text}` is given twice", port.name.span)
        seen.add(port.name.text)
        kind = faults.of(input_type, port.type, frame, symbols)
        frame.module.inputs.append(Value(port.name.text, kind, port.span))
    faults.end()
    frame.names.update({name: symbol(name) for name in symbols})
    frame.names.update({value.name: value for value in frame.module.inputs})
    frame.names["x"] = frame.module.inputs[0] if "x" not in seen else frame.names["x"]
    frame.module.own_inputs = len(frame.module.inputs)


def _outputs(node: ast.Net, result: Any, frame: Frame) -> tuple[tuple[str | None, Any], ...] | None:
    try:
        return tuple(_checked_outputs(node, result, frame))
    except SpecError as problem:
        frame.work.report(problem)
    except Skip:
        pass
    return None


def _checked_outputs(node: ast.Net, result: Any, frame: Frame) -> Iterator[tuple[str | None, Any]]:
    if result is UNKNOWN:
        raise Skip
    values = result if isinstance(result, tuple) else (result,)
    if node.outputs is None:
        for value in values:
            if not is_runtime(value):
                raise error("TN0504", f"`{node.name.text}` gives {describe(value)}, not a tensor", node.name.span)
            yield None, types_of(value)
        return
    if len(node.outputs) != len(values):
        raise _wrong_count(node, len(values), frame)
    for port, value in zip(node.outputs, values, strict=True):
        name = port.name.text if port.name else None
        yield name, check_output(port.type, value, frame, f"output `{name}`" if name else "the output")


def _wrong_count(node: ast.Net, given: int, frame: Frame) -> SpecError:
    """The error for a net that gives another number of values than it declares."""
    message = f"`{node.name.text}` declares {counted(len(node.outputs), 'output')} and gives {given}"
    declared = node.outputs[0].span.to(node.outputs[-1].span)
    last = node.body.statements[-1] if node.body.statements else None
    notes = [Note("it gives them here", last.span)] if isinstance(last, ast.Return) else []
    names = [port.name.text if port.name else None for port in node.outputs]
    help = f"end the body with `return {', '.join(names)}`" if frame.names.keys() >= set(names) else None
    if help is None and not notes:
        help = "without a `return` a body gives its last `x`; `return a, b` gives several values"
    return error("TN0504", message, declared, *notes, help=help)


def main_net(tree: ast.Tree, wanted: tuple[str, Any] | None, used: set[str]) -> str | None:
    """The name of the main net: the one that `train` names, or the only one that no other uses.

    Raises SpecError if `train` names one that is not there.
    """
    names = [each.name.text for each in tree.declarations if isinstance(each, ast.Net)]
    if wanted is not None:
        name, span = wanted
        if name not in names:
            raise error("TN0201", f"no net is called `{name}`", span, help=did_you_mean(name, names))
        return name
    free = [name for name in names if name not in used]
    return free[0] if len(free) == 1 else None
