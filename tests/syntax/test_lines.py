"""Which newlines separate statements."""

from __future__ import annotations

import pytest

from tnet.source import Source
from tnet.syntax import parse


def statements(body: str) -> int:
    tree = parse(Source("spec", f"block B {{\n{body}\n}}"))
    assert not tree.diagnostics, tree.diagnostics
    return len(tree.declarations[0].body.statements)


@pytest.mark.parametrize(
    "body",
    [
        "x = a +\n b",
        "x =\n a",
        "x = not\n a",
        "x = a and\n b",
        "a,\n b = c",
        "x = f(a,\n\n b)",
        "x = f(a  # why\n, b\n)",
        "x = [\n a\n b\n]".replace("\n b", "\n, b"),
        "relu ->\n gelu",
        "relu\n -> gelu\n\n # then\n -> silu",
        "if a { relu }\n else { gelu }",
        "if a { relu }  # why\n # because\n else { gelu }",
        "stem:\n { relu }",
        "x = {\n 1: 2,\n 3: 4\n}",
        "x = {\n 1: 2,\n 3: 4,\n}",
        "x +=\n 1",
        "parameter w:\n float[1] =\n zeros",
        "x = a[\n 1\n]",
    ],
)
def test_joined(body):
    assert statements(body) == 1


@pytest.mark.parametrize(
    "body",
    [
        "relu\ngelu",
        "relu; gelu",
        "; relu ;; \n ; gelu ;",
        "relu\n\n\n# between\n\ngelu",
        "relu  # why\ngelu",
        "relu\r\ngelu",
        "x = a\ny = b",
        "{ relu }\n{ gelu }",
        "x = f(\n a\n)\nrelu",
        "or_\nelse_",
    ],
)
def test_separated(body):
    assert statements(body) == 2


def test_a_semicolon_separates_even_in_parentheses():
    tree = parse(Source("spec", "block B { f(a; gelu }"))
    assert [each.code for each in tree.diagnostics] == ["TN0102"]
    assert len(tree.declarations[0].body.statements) == 2
