"""2,000 damaged and made-up specs: whatever the text, there are diagnostics and never an exception."""

from __future__ import annotations

import pytest
import torch
from lark import Lark

from .cases import failure, texts
from .generate import GRAMMAR

CASES, PARTS = 2000, 8


@pytest.mark.parametrize("part", range(PARTS))
def test_no_exception_but_diagnostics(part):
    torch.set_num_threads(1)
    for number, text in enumerate(texts(part, CASES // PARTS)):
        found = failure(text)
        assert found is None, f"case {number} of seed {part}:\n{text}\n{found}"


def test_a_failure_is_noticed(monkeypatch):
    monkeypatch.setattr("tnet.elaborate.evaluation.evaluate", lambda node, frame: 1 / 0)
    monkeypatch.setattr("tnet.elaborate.globals.evaluate", lambda node, frame: 1 / 0)
    assert "ZeroDivisionError" in failure("a = 1\n")


def test_generated_specs_are_of_the_grammar():
    """Generated texts parse, or break only limits and meanings that the grammar does not know."""
    assert Lark(GRAMMAR.read_text(), parser="lalr", lexer="basic", start="spec")
    made = [text for number, text in enumerate(texts(0, 60))]
    assert len(set(made)) > 50
