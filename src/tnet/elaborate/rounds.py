"""Loops kept for run time: repeats of random length, `for` over a range of symbolic length.

The body is elaborated once. What it assigns of the names around it is carried from round to round, and so must keep
its type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..diagnostics import SpecError, error
from ..ir.graph import Branch, Node, Value, leaves
from ..ir.types import OpaqueType
from ..shapes import round_number
from ..source import Span
from ..syntax import ast, children
from .apply import Inputs
from .bodies import bound_names, run_statements
from .branches import Join, Path, read_own, refuse_return, run_path, settle
from .callees import UNKNOWN, describe
from .evaluation import arguments, is_runtime
from .frames import MISSING, Frame, Unsettled
from .groups import apply_group
from .growing import after_rounds, is_list, let_grow, within
from .inference import new_values, types_of

UNSET = Unsettled("")
WORDS = ("before the first round", "after a round")


def is_random(count: ast.Expr, frame: Frame) -> bool:
    """Whether a repeat counts by `randint(…)`, which is drawn at each pass."""
    called = count.callee if isinstance(count, ast.Call) else None
    if not isinstance(called, ast.Var) or called.name != "randint":
        return False
    return frame.find("randint") is MISSING and frame.globals.find("randint") is MISSING


def random_rounds(action: ast.Repeat, label: str | None, inputs: Inputs, step: ast.Step, frame: Frame) -> Any:
    """`repeat randint(low, high) shared { … }`: labelled, a group; unlabelled, its steps stand in this body."""
    bounds = random_bounds(action, frame)
    refuse_return(action.body)
    outer, frame.names["x"] = frame.names.get("x", MISSING), inputs.values[0]
    group = ast.Group(action.body.span, action.body)

    def run() -> None:
        if label is None:
            return run_statements(action.body.statements, frame)
        labelled = ast.Step(step.span, step.label, group)
        frame.names["x"] = apply_group(group, label, Inputs((frame.names["x"],)), labelled, frame)

    if label is None:
        let_grow(action.body, frame)
    names = {"x"} if label is not None else {"x", *_assigned(action.body)}
    _rounds("random", bounds, names, run, action.span, frame)
    result, frame.names["x"] = frame.names["x"], outer
    return result


def random_bounds(action: ast.Repeat, frame: Frame) -> tuple[int, int]:
    """The bounds of the number of rounds, the upper one excluded."""
    span = action.count.span
    if not action.shared:
        raise error(
            "TN0303", "copies cannot be built a random number of times", span,
            help="repeat one copy: `repeat randint(0, 4) shared { … }`",
        )  # fmt: skip
    if action.variable is not None:
        raise error("TN0303", "the round of a random repeat is not known before the model runs", action.variable.span)
    given = arguments(action.count.args, frame)
    bounds = given.positional if len(given.positional) != 1 else (0, *given.positional)
    whole = all(isinstance(each, int) and not isinstance(each, bool) for each in bounds)
    if given.keywords or len(bounds) != 2 or not whole or not 0 <= bounds[0] < bounds[1]:
        raise error(
            "TN0303", "a random repeat needs two integers from 0, the lower and the excluded upper end", span,
            help="such as `randint(0, 4)` for none to three rounds",
        )  # fmt: skip
    return bounds


def range_rounds(node: ast.For, bounds: tuple[Any, Any, int], frame: Frame) -> None:
    """`for t in range(T) { … }`: the number of the round is a size that is known only when the model runs."""
    if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        raise error("TN0303", "a range gives one number at a time", node.iterable.span)
    refuse_return(node.body)
    let_grow(node.body, frame)
    name = node.targets[0].text
    own = f"{name}_" if name in frame.net.hints else name
    variable = Value(own, OpaqueType("int"), node.targets[0].span)
    before, frame.named_before = frame.named_before, True

    def run() -> None:
        frame.names[name] = round_number(own)
        run_statements(node.body.statements, frame)

    try:
        _rounds("range", bounds, _assigned(node.body) - {name}, run, node.span, frame, variable)
    finally:
        frame.named_before = before
    frame.names[name] = Unsettled("its loop, kept for run time, may have no round")


def _assigned(node: ast.Node) -> set[str]:
    """The names that a body may assign; a shared repeat without a label stands in it, other groups do not."""
    if isinstance(node, ast.Group) or isinstance(node, ast.Repeat) and not node.shared:
        return set()
    return bound_names(node).union(*map(_assigned, children(node)))


def _rounds(
    target: str,
    bounds: tuple,
    names: set[str],
    run: Callable[[], None],
    span: Span,
    frame: Frame,
    variable: Value | None = None,
) -> None:
    """The node of a loop; `names` are those that its body may assign."""
    before = {name: frame.names[name] for name in sorted(names) if name in frame.names}
    buffers = [name for name in before if name in frame.module.buffers]
    carried = {name: value for name, value in before.items() if is_runtime(value) and name not in buffers}
    params = {name: new_values(types_of(value), span, name) for name, value in carried.items()}
    for name, value in params.items():
        for each in leaves(value):
            each.name = name
            if is_list(each):
                within(each)

    def enter() -> None:
        frame.names.update((name, read_own(name, span, frame)) for name in buffers)
        run()

    path = run_path(enter, frame, params)
    join = Join(frame, span, WORDS, even=False)
    found = _names_after(join, path, carried, params, buffers, bounds, frame)
    given = tuple(leaves(list(carried.values())))
    rounds = Branch(path.nodes, tuple(join.otherwise), tuple(leaves(list(params.values()))), variable)
    node = Node("loop", target, (bounds, *given), {}, tuple(join.merged), span, (rounds,))
    if frame.failed:
        frame.names.update(found)
        return
    settle(found, node, frame)


def _names_after(
    join: Join, path: Path, carried: dict[str, Any], params: dict, buffers: list[str], bounds: tuple, frame: Frame
) -> dict[str, Any]:
    """What each name is after the loop; what is carried is joined whole, so that rounds line up with what they give."""
    found: dict[str, Any] = {name: frame.names[name] for name in buffers}
    for name in dict.fromkeys([*carried, *path.names]):
        value = path.names[name]
        if name in buffers or value is frame.names.get(name, MISSING):
            continue
        if isinstance(frame.names.get(name, UNSET), Unsettled):
            found[name] = Unsettled("it is assigned in a loop kept for run time, which may have no round")
            continue
        try:
            found[name] = _carried(join, name, carried, params, value, bounds, frame)
        except SpecError as problem:
            frame.work.report(problem)
            frame.failed = True
    return found


def _carried(join: Join, name: str, carried: dict, params: dict, after: Any, bounds: tuple, frame: Frame) -> Any:
    if UNKNOWN in (after, frame.names[name]):
        return UNKNOWN
    if name not in carried:
        if frame.names[name] == after:
            return after
        raise error(
            "TN0406", f"`{name}` is {describe(frame.names[name])} {WORDS[0]} and {describe(after)} {WORDS[1]}",
            frame.places.get(name, join.span),
            help="in a loop kept for run time only tensors may change",
        )  # fmt: skip
    if after is params[name]:  # not assigned after all
        join.then += leaves(carried[name])
        join.otherwise += leaves(after)
        fresh = new_values(types_of(after), join.span, name)
        join.merged += leaves(fresh)
        return carried[name]
    if type(after) is list and len(after) != len(carried[name]):
        raise error(
            "TN0406", f"`{name}` has {len(carried[name])} items {WORDS[0]} and {len(after)} {WORDS[1]}", join.span,
            help="a list that grows in a loop kept for run time holds tensors of one shape and dtype",
        )  # fmt: skip
    value = join.value(name, carried[name], after)
    if is_list(after):
        after_rounds(value, carried[name], after, bounds, frame)
    return value
