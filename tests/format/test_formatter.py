"""What the formatter refuses, and how it proves itself."""

from __future__ import annotations

import pytest

from tnet.diagnostics import SpecError
from tnet.format import format_source, format_tree, formatter
from tnet.source import Source
from tnet.syntax import parse


def formatted(text: str) -> str:
    return format_source(Source("spec", text))


def test_trees_with_errors_are_refused_with_their_diagnostics():
    tree = parse(Source("spec", "x = = 1\ny = (2"))
    with pytest.raises(SpecError) as raised:
        format_tree(tree)
    assert raised.value.diagnostics == tree.diagnostics


def test_an_empty_spec_is_refused():
    with pytest.raises(SpecError) as raised:
        formatted("# nothing\n")
    assert raised.value.diagnostics[0].code == "TN0106"


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ("x = 1 2\n", "does not parse"),
        ("x = 2  # why\n", "means something else"),
        ("x = true  # why\n", "means something else"),
        ("y = 1  # why\n", "means something else"),
        ("def x() = 1  # why\n", "means something else"),
        ("x = 1  # why\nz = 1\n", "other declarations"),
        ("x = 1\n", "other comments"),
        ("x = 1 # why\n", "changes when formatted again"),
    ],
)
def test_a_wrong_layout_is_an_internal_error(monkeypatch, wrong, fault):
    layouts = iter([wrong, "x = 1  # why\n"])
    monkeypatch.setattr(formatter, "lay_out", lambda tree: next(layouts))
    with pytest.raises(SpecError) as raised:
        formatted("x = 1  # why")
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "TN0002" and fault in diagnostic.message


def test_line_endings_and_marks():
    assert formatted("\ufeffx = 1\r\n\r\n\r\n# c\r\ny = 2") == "x = 1\n\n# c\ny = 2\n"


def test_tabs_and_trailing_blanks():
    assert formatted("block B {\n\trelu\t \n\t\t# c \n}") == "block B {\n  relu\n  # c\n}\n"


def test_long_chains():
    text = "x = " + " + ".join(["a"] * 2000) + "\n"
    assert formatted(text) == text


def test_strings_and_numbers_are_kept_as_written():
    text = 'x = ["a{i+1}", "\\n", 1_000, 1e-3, 1., 007]\n'
    assert formatted(text) == text
