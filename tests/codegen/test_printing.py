"""Expressions as text: Python reads back what was meant, with no parentheses that it does not need."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnet.codegen import expressions as py
from tnet.codegen.docstrings import docstring
from tnet.codegen.imports import Imports
from tnet.codegen.printing import PRECEDENCE, Printer, literal

NAMES = st.sampled_from("abc").map(py.Code)
NUMBERS = st.one_of(st.integers(-3, 300), st.floats(allow_nan=False, width=32)).map(py.Literal)


def grow(inner):
    several = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        st.builds(py.Binary, st.sampled_from(sorted(PRECEDENCE)), inner, inner),
        st.builds(py.Unary, st.sampled_from("-~"), inner),
        st.builds(py.Conditional, inner, inner, inner),
        st.builds(py.Attribute, inner, st.just("T")),
        st.builds(py.Call, st.builds(py.Attribute, inner, st.just("view")), several),
        st.builds(py.Index, inner, st.builds(py.Slice, inner, inner | st.none(), st.none()).map(lambda each: (each,))),
        st.builds(py.Items, st.sampled_from("(["), several),
        st.builds(py.Copies, inner, st.just(py.Literal(3))).map(lambda each: py.Items("[", (py.Literal(0), each))),
    )


EXPRESSIONS = st.recursive(NAMES | NUMBERS, grow, max_leaves=12)


def text(expr) -> str:
    return Printer(Imports(set())).text(expr)


def tree(expr) -> str:
    """The syntax tree that an expression means, built without printing operators."""
    match expr:
        case py.Binary(op, left, right):
            return f"(({tree(left)}) {op} ({tree(right)}))"
        case py.Unary(op, operand):
            return f"({op}({tree(operand)}))"
        case py.Conditional(then, test, otherwise):
            return f"(({tree(then)}) if ({tree(test)}) else ({tree(otherwise)}))"
        case py.Attribute(value, name):
            return f"({tree(value)}).{name}"
        case py.Call(function, arguments):
            return f"{tree(function)}({', '.join(map(tree, arguments))})"
        case py.Index(value, (py.Slice(start, stop, _),)):
            return f"({tree(value)})[({tree(start)}):{f'({tree(stop)})' if stop else ''}]"
        case py.Items(bracket, items):
            inner = ", ".join(map(tree, items))
            return f"[{inner}]" if bracket == "[" else f"({inner}{',' if len(items) == 1 else ''})"
        case py.Copies(item, count):
            return f"*[{tree(item)} for _ in range({tree(count)})]"
    return text(expr)


@given(EXPRESSIONS)
def test_means_what_it_says(expr):
    assert ast.dump(ast.parse(text(expr), mode="eval")) == ast.dump(ast.parse(tree(expr), mode="eval"))


@given(EXPRESSIONS, st.integers(0, 110))
def test_long_lines_are_broken_alike(expr, start):
    value = py.Call(py.Code("f" * (start + 1)), (expr, py.Items("[", (expr, expr)), py.Keyword("k", expr)))
    broken = "\n".join(Printer(Imports(set())).lines("x = ", value))
    assert ast.dump(ast.parse(broken)) == ast.dump(ast.parse(f"x = {text(value)}"))


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (py.Binary("*", py.Binary("+", py.Code("a"), py.Code("b")), py.Code("c")), "(a + b) * c"),
        (py.Binary("-", py.Code("a"), py.Binary("-", py.Code("b"), py.Code("c"))), "a - (b - c)"),
        (py.Binary("-", py.Binary("-", py.Code("a"), py.Code("b")), py.Code("c")), "a - b - c"),
        (py.Binary("**", py.Unary("-", py.Code("a")), py.Literal(2)), "(-a) ** 2"),
        (py.Unary("-", py.Binary("**", py.Code("a"), py.Literal(2))), "-a**2"),
        (py.Binary("&", py.Binary(">", py.Code("a"), py.Literal(0)), py.Code("b")), "(a > 0) & b"),
        (py.Copies(py.Code("a"), py.Literal(1)), "a"),
        (py.Items("[", (py.Copies(py.Code("a"), py.Literal(3)),)), "[a for _ in range(3)]"),
    ],
)
def test_minimal_parentheses(expr, expected):
    assert text(expr) == expected


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists))
def test_literals_read_back(value):
    assert eval(literal(value)) == value


@given(st.text(), st.sampled_from(["", "    "]))
def test_docstrings_cannot_break_out(said, indent):
    lines = docstring(said, indent)
    (statement,) = ast.parse("if x:\n" + "\n".join(f"    {line}" for line in lines)).body[0].body
    read = statement.value.value
    assert read.split() == said.split() or not said.isprintable() or "\\" in said


def test_imports_keep_clear_of_the_files_own_classes():
    imports = Imports({"F", "OrderedDict", "nn"})
    names = [imports.name(path) for path in ("torch.nn.functional.relu", "torch.nn.Linear", "collections.OrderedDict")]
    scope: dict = {}
    exec(imports.text(), scope)
    import torch

    assert [eval(name, scope) for name in names[:2]] == [torch.nn.functional.relu, torch.nn.Linear]
    assert not {"F", "OrderedDict", "nn"} & set(scope)
