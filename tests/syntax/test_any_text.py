"""Parsing never fails, whatever the text: there is a tree, its spans are in the text, errors have places."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tnet.source import Source
from tnet.syntax import ast, parse, parse_expression, walk

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.tnet"))
TEXTS = [path.read_text() for path in SPECS]
WORDS = """
( ) [ ] { } , ; : = == + - * / // ** -> . .. ... @ # é " ' \\ ? $ x y 3 0.5 1e9 "a{i}" true none hyper block net def
from use parameters data train autograd forward backward if else for in repeat shared as at return shape parameter
buffer not and or epochs step with import
"""
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\n  ", "\t", "\r", "\0", "\u2028"])
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(text: str) -> None:
    source = Source("spec", text)
    tree = parse(source)
    for declaration in tree.declarations:
        for node in walk(declaration):
            assert 0 <= node.span.start <= node.span.end <= len(text)
    assert tree.diagnostics or (tree.declarations and not has_errors(tree))
    for diagnostic in tree.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text) + 1
        assert "__ANON" not in diagnostic.message and "_SEP" not in diagnostic.message
        assert "\n" not in diagnostic.message
    starts = [comment.span.start for comment in tree.comments]
    assert starts == sorted(set(starts))
    parse_expression(source)


def has_errors(tree: ast.Tree) -> bool:
    return any(isinstance(node, ast.ErrorNode) for each in tree.declarations for node in walk(each))


@QUICK
@given(st.text(max_size=200))
def test_random_text(text):
    check(text)


@QUICK
@given(st.lists(PIECES, max_size=80).map(" ".join))
def test_random_tokens(text):
    check(text)


@QUICK
@given(st.lists(PIECES, max_size=60).map("".join))
def test_random_tokens_without_blanks(text):
    check(f"block B {{\n{text}\n}}\n")


@QUICK
@given(st.data())
def test_damaged_specs(data):
    text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 8))
        text = text[:start] + data.draw(st.one_of(st.just(""), PIECES)) + text[end:]
    check(text)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_specs_cut_off_anywhere(path):
    text = path.read_text()
    for end in range(0, len(text), 41):
        check(text[:end])
