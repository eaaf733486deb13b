"""Each lint has a page: what it means, and two whole specs, one that it is for and one that nothing is said of."""

from __future__ import annotations

import pytest

from tests.conftest import GOLDEN
from tnet.compiler import compile_spec
from tnet.diagnostics.codes import CODES
from tnet.diagnostics.render import render_full
from tnet.format import format_source
from tnet.lint import LINTS
from tnet.source import Source

every_lint = pytest.mark.parametrize("code", sorted(LINTS))


@every_lint
def test_the_wrong_example_gives_this_lint_once(code, golden):
    diagnostics = compile_spec(Source("wrong.tnet", LINTS[code].module.WRONG)).diagnostics
    assert [(each.code, each.severity) for each in diagnostics] == [(code, "warning")]
    assert diagnostics[0].help
    golden(GOLDEN / "lint" / f"{code}.txt", render_full(diagnostics) + "\n")


@every_lint
def test_of_the_right_example_nothing_is_said(code):
    assert compile_spec(Source("right.tnet", LINTS[code].module.RIGHT)).diagnostics == []


@every_lint
def test_the_page_is_whole(code):
    module = LINTS[code].module
    assert len(module.__doc__.split("\n\n")) >= 2
    for text in (module.WRONG, module.RIGHT):
        assert format_source(Source("page.tnet", text)) == text


def test_codes_are_those_of_the_list():
    assert sorted(LINTS) == [code for code in CODES if code.startswith("TN10")]
