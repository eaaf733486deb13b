"""Values from outside: hyper-parameters and settings given on the command line, in a file or from Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..diagnostics import Note, SpecError, did_you_mean, error
from ..ir.program import HyperValue, Override
from ..source import Source, Span
from ..syntax import ast, parse_expression
from .callees import describe
from .evaluation import evaluate
from .frames import Frame
from .globals import Globals


def given_value(override: Override, parse: Callable[[Source, int], tuple], value_of: Callable[[Any], Any]) -> Any:
    """The value of an override, or else its text. `parse` is one of the parser's ways to read a text that is all there
    is, with places in the override's own source; `value_of` evaluates what it gives.
    """
    span = override.span
    if span is None:
        return override.value
    shown = Source(span.source.name, span.source.text[: span.end], span.source.path)
    tree, diagnostics = parse(shown, span.start)
    if diagnostics or tree is None:
        return span.text
    try:
        return value_of(tree)
    except SpecError as problem:
        if all(each.code in ("TN0201", "TN0206") for each in problem.diagnostics):
            return span.text
        raise


def hyper_value(declaration: ast.Hyper, override: Override | None, globals_: Globals) -> HyperValue:
    """A hyper-parameter's value in force, checked against its default's kind and the values allowed."""
    name = declaration.name.text
    frame = Frame(globals_.work, globals_)
    default = evaluate(declaration.value, frame)
    domain = _domain(declaration.domain, frame)
    _check_domain(name, default, domain, declaration.value.span, declaration)
    if override is None:
        return HyperValue(name, default, default, declaration.span, domain)
    value = given_value(override, parse_expression, lambda node: evaluate(node, frame))
    if not _same_kind(value, default):
        raise error(
            "TN0303", f"`{name}` is {_kind(default)}, not {describe(value)}", override.span,
            Note(f"`{name}` is declared here", declaration.name.span),
        )  # fmt: skip
    _check_domain(name, value, domain, override.span, declaration)
    return HyperValue(name, value, default, declaration.span, domain)


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "an integer", float: "a number", str: "text", list: "a list", dict: "a map"}
    return kinds.get(type(value), "of another kind")


def _same_kind(value: Any, default: Any) -> bool:
    if default is None or value is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return type(value) is type(default)
    if isinstance(default, float):
        return isinstance(value, (int, float))
    return type(value) is type(default)


def _domain(node: ast.Expr | None, frame: Frame) -> Any:
    """A list of values, or (low, high)."""
    if node is None:
        return None
    if isinstance(node, ast.RangeDomain):
        return _ends((node.low, node.high), node, frame)
    if isinstance(node, ast.Call) and isinstance(node.callee, ast.Var) and node.callee.name == "log":
        low, high = _ends(tuple(arg.value for arg in node.args), node, frame)
        if low <= 0:
            raise error("TN0305", f"a range in `log` starts above 0, not at {low}", node.args[0].span)
        return (low, high)
    value = evaluate(node, frame)
    if not isinstance(value, list):
        raise error("TN0303", f"the values allowed are a list or a range, not {describe(value)}", node.span)
    return value


def _ends(ends: tuple[ast.Expr, ...], node: ast.Expr, frame: Frame) -> tuple[Any, Any]:
    """The two ends of a range of values."""
    if len(ends) != 2:
        raise error("TN0301", f"a range has two ends, not {len(ends)}", node.span)
    low, high = (evaluate(end, frame) for end in ends)
    for end, value in zip(ends, (low, high), strict=True):
        if not _is_number(value):
            raise error("TN0303", f"a range goes from number to number, not to {describe(value)}", end.span)
    if low > high:
        raise error("TN0305", f"no value lies between {low} and {high}", node.span, help="the smaller end comes first")
    return low, high


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_domain(name: str, value: Any, domain: Any, span: Span | None, declaration: ast.Hyper) -> None:
    if domain is None:
        return
    if isinstance(domain, list):
        inside = value in domain
    else:
        inside = _is_number(value) and domain[0] <= value <= domain[1]
    if not inside:
        allowed = declaration.domain.span.text
        notes = (Note("the values allowed", declaration.domain.span),)
        raise error("TN0304", f"`{name}` is {describe(value)}; it may be {allowed}", span, *notes)


def unknown_hyper(override: Override, names: list[str], settings: Mapping[str, str]) -> Exception:
    """The error of a name that is no hyper-parameter; `settings` are the ways to the settings of that name."""
    listed = ", ".join(f"`{name}`" for name in names) or "none"
    way = settings.get(override.path)
    advice = f"it is a setting: write `{way}`" if way else did_you_mean(override.path, names) or f"there are {listed}"
    return error("TN0204", f"no hyper-parameter is called `{override.path}`", override.name_place, help=advice)
