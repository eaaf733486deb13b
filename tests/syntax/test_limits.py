"""Limits end in a diagnostic, whatever the text, and soon."""

from __future__ import annotations

import time

import pytest

from tnet.source import Source
from tnet.syntax import ast, parse, walk

MEGABYTE = 2**20


def codes(text: str) -> list[str]:
    return [each.code for each in parse(Source("spec", text)).diagnostics]


NESTED = {
    "parentheses": ("(", "a", ")"),
    "lists": ("[", "a", "]"),
    "maps": ("{1: ", "a", "}"),
    "calls": ("f(", "a", ")"),
    "subscripts": ("a[", "0", "]"),
    "signs": ("-", "a", ""),
    "negations": ("not ", "a", ""),
    "conditions": ("a if b else ", "c", ""),
    "sums on the right": ("a + (", "b", ")"),
}


@pytest.mark.parametrize("kind", NESTED)
def test_nesting_is_limited(kind):
    opening, inner, closing = NESTED[kind]
    assert codes(f"x = {opening * 30}{inner}{closing * 30}") == []
    for depth in (70, 300, 3000):
        assert codes(f"x = {opening * depth}{inner}{closing * depth}\ny = 1") == ["TN0901"]


def test_nested_bodies_are_limited():
    assert codes(f"block B {{ {'a: { ' * 30} relu {'}' * 30} }}") == []
    assert codes(f"block B {{ {'a: { ' * 70} relu {'}' * 70} }}") == ["TN0901"]
    assert codes("block B { if a { relu }" + " else if a { relu }" * 70 + " }") == ["TN0901"]


def test_what_is_too_deep_is_an_error_node_and_the_rest_is_read():
    tree = parse(Source("spec", f"x = {'-' * 70}1\ny = 1"))
    assert [type(each) for each in tree.declarations] == [ast.ErrorNode, ast.Constant]


@pytest.mark.parametrize(
    "text",
    ["a" + " + a" * 3000, "a" + " and a" * 3000, "a" + ".b" * 3000, "a" + ".b(1)[0]" * 1000, "2" + " ** a" * 100],
    ids=["sum", "and", "attributes", "calls", "powers"],
)
def test_chains_count_once(text):
    tree = parse(Source("spec", f"x = {text}"))
    assert not tree.diagnostics
    assert sum(1 for _ in walk(tree.declarations[0])) > 100


@pytest.mark.parametrize("text", ["[", "(", "{", "f(", "-", "not ", "a if b else "])
def test_a_megabyte_of_nesting_ends_soon(text):
    began = time.process_time()
    assert "TN0901" in codes("x = " + text * (MEGABYTE // len(text)))
    assert time.process_time() - began < 2


@pytest.mark.parametrize("text", ["relu relu\n", "block B {", "a: {", "}\n", '"\n', "$\n", "f(\n"])
def test_a_mass_of_errors_ends_soon(text):
    began = time.process_time()
    assert codes("block B {\n" + text * (MEGABYTE // 4 // len(text)))
    assert time.process_time() - began < 5


def test_endless_digits():
    assert codes("x = " + "9" * MEGABYTE) == ["TN0901"]
    assert codes(f"x = {2**63 - 1} + 0{2**63 - 1}") == []
    assert codes(f"x = {2**63}") == ["TN0901"]


def test_long_names_are_not_repeated_in_messages():
    (diagnostic,) = parse(Source("spec", f"x = a {'b' * 1000}")).diagnostics
    assert len(diagnostic.message) < 120
