"""What is said of programs that cannot be read; each golden program stands beside its diagnostics."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnet.diagnostics.render import render_full
from tnet.source import Source
from tnet.syntax import ast, parse, walk

FAULTS = Path(__file__).parents[1] / "golden" / "syntax" / "faults"


@pytest.mark.parametrize("path", sorted(FAULTS.glob("*.tnet")), ids=lambda path: path.stem)
def test_diagnostics(path, golden):
    tree = parse(Source(path.name, path.read_text("utf-8")))
    golden(path.with_suffix(".txt"), render_full(tree.diagnostics) + "\n")


def lines_of(text: str) -> list[int]:
    return [each.span.line for each in parse(Source("spec", text)).diagnostics]


def test_ten_statements_with_an_error_each_give_ten_diagnostics():
    assert lines_of((FAULTS / "ten_statements.tnet").read_text()) == [3, 5, 7, 8, 10, 13, 14, 15, 16, 20]


BROKEN = [
    "x = = 3",
    "Conv2d(64 3)",
    "Conv2d(64, 3",
    "y = [1, 2",
    "relu relu",
    "relu)",
    "for i on range(3) { relu }",
    'z = "abc',
    "w = a $ b",
    "v = 'text'",
    "if x == { relu }",
    "label: : relu",
    "u = a if b",
    "return",
    "f(a, [b)",
    "parameter w float[3]",
    "a: repeat 3 as 4 { relu }",
    "x.y = 3",
    'k = "a{b c}"',
    "n = 99999999999999999999",
    "m = True",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_an_error_in_a_statement_is_one_diagnostic_and_costs_one_statement(broken):
    text = f"block B {{\n  first: relu\n  {broken}\n  second: gelu\n}}\nlast = 1\n"
    tree = parse(Source("spec", text))
    assert [each.span.line for each in tree.diagnostics] == [3]
    block, last = tree.declarations
    assert len(block.body.statements) == 3
    labels = [each.label.text for each in walk(block) if isinstance(each, ast.Step) and each.label]
    assert "first" in labels and "second" in labels
    assert isinstance(last, ast.Constant)


@pytest.mark.parametrize("shift", range(0, len(BROKEN), 3))
def test_ten_errors_in_a_row(shift):
    broken = [BROKEN[(shift + index) % len(BROKEN)] for index in range(10)]
    text = "block B {\n" + "".join(f"  {each}\n" for each in broken) + "}\n"
    assert lines_of(text) == list(range(2, 12))


def test_an_error_node_holds_the_text_that_could_not_be_read():
    tree = parse(Source("spec", "block B {\n  Conv2d(64 3)\n  relu\n}"))
    fault, step = tree.declarations[0].body.statements
    assert isinstance(fault, ast.ErrorNode) and fault.span.text == "Conv2d(64 3)"
    assert isinstance(step, ast.Flow)


def test_comments_are_kept_around_errors():
    tree = parse(Source("spec", "# a\nblock B {\n  x = = 3  # b\n  # c\n}\n# d"))
    assert [each.text for each in tree.comments] == ["# a", "# b", "# c", "# d"]


def test_a_text_that_is_indented_as_a_whole():
    text = "\n".join(f"    {each}" for each in ["block A {", "  x = = 1", "hyper a 3", "block B {", "  relu relu", "}"])
    assert lines_of(text) == [1, 2, 3, 5]
