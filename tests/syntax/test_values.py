"""Values given on a command line."""

from __future__ import annotations

import pytest
from outline import outline

from tnet.source import Source
from tnet.syntax import parse_expression, parse_stages


def test_a_value():
    value, diagnostics = parse_expression(Source("<command line>", "[1e-3, n * 2]"))
    assert outline(value) == "ListExpr((Literal(0.001), Binary('*', Var('n'), Literal(2))))"
    assert not diagnostics


def test_places_are_those_of_the_text():
    value, diagnostics = parse_expression(Source("<command line>", "lr + = 2"))
    assert value is None
    assert diagnostics[0].span.place == "<command line>:1:6"


@pytest.mark.parametrize("text", ["", " ", "a b", "1; 2", "a\nb", "x = 1", "(", ")", '"a', "a ->", "relu }", "# only"])
def test_what_is_no_value(text):
    value, diagnostics = parse_expression(Source("<command line>", text))
    assert value is None and len(diagnostics) == 1


def test_values_have_the_same_limits():
    assert parse_expression(Source("<command line>", "(" * 100 + "a" + ")" * 100))[1][0].code == "TN0901"
    assert parse_expression(Source("<command line>", "-" * 100 + "a"))[1][0].code == "TN0901"
    value, diagnostics = parse_expression(Source("<command line>", str(2**63)))
    assert value is None and diagnostics[0].code == "TN0901"


def test_stages():
    stages, diagnostics = parse_stages(Source("<command line>", "A(f=1) for 5 epochs -> B"))
    assert not diagnostics
    assert outline(stages) == (
        "(Stage(Call(Var('A'), (Arg(Name('f'), Literal(1)),)), DurationLiteral(5, 'epochs')), Stage(Var('B'), None))"
    )


def test_what_is_no_schedule():
    stages, diagnostics = parse_stages(Source("<command line>", "A for -> B"))
    assert stages is None and len(diagnostics) == 1
