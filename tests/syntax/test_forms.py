"""A tree for each form of declaration, statement and expression; the golden files list form and tree in turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from outline import outline

from tnet.source import Source
from tnet.syntax import ast, parse, parse_expression, walk

FORMS = Path(__file__).parents[1] / "golden" / "syntax" / "forms"


def declaration(text: str) -> ast.Node:
    tree = parse(Source("form", text))
    assert not tree.diagnostics, tree.diagnostics
    (found,) = tree.declarations
    return found


def statement(text: str) -> ast.Node:
    (found,) = declaration(f"block B {{ {text} }}").body.statements
    return found


def expression(text: str) -> ast.Node:
    found, diagnostics = parse_expression(Source("form", text))
    assert not diagnostics, diagnostics
    return found


KINDS: dict[str, Callable[[str], ast.Node]] = {
    "declarations": declaration,
    "statements": statement,
    "expressions": expression,
}


@pytest.mark.parametrize("kind", KINDS)
def test_trees(kind, golden):
    forms = (FORMS / f"{kind}.forms").read_text().splitlines()
    found = "".join(f"{form}\n    {outline(KINDS[kind](form))}\n" for form in forms)
    golden(FORMS / f"{kind}.outlines", found)


@pytest.mark.parametrize("kind", KINDS)
def test_spans_hold_the_text_of_their_nodes(kind):
    for form in (FORMS / f"{kind}.forms").read_text().splitlines():
        node = KINDS[kind](form)
        assert node.span.text == form
        for each in walk(node):
            assert node.span.start <= each.span.start < each.span.end <= node.span.end
            if isinstance(each, ast.Name | ast.SelectorPart):
                assert each.span.text == each.text
            if isinstance(each, ast.Var):
                assert each.span.text == each.name


def test_spans_inside_strings():
    source = Source("form", 'x = "layer{i + 1}"')
    (constant,) = parse(source).declarations
    assert constant.value.parts[1].span == source.span(11, 16)


def test_a_comment_knows_whether_it_stands_alone():
    tree = parse(Source("spec", "# one\nx = 1  # two\n  # three\n"))
    assert [(each.text, each.own_line) for each in tree.comments] == [
        ("# one", True),
        ("# two", False),
        ("# three", True),
    ]


def test_a_byte_order_mark_is_skipped():
    tree = parse(Source("spec", "\ufeff# head\nx = 1"))
    assert not tree.diagnostics and tree.comments[0].own_line
