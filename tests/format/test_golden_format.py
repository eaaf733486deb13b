"""Specs before and after formatting: NAME.in.tnet gives NAME.out.tnet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnet.format import format_source, format_tree
from tnet.source import Source
from tnet.syntax import parse

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "golden" / "format").glob("*.in.tnet"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name.removesuffix(".in.tnet"))
def test_layout(path, golden):
    result = format_source(Source(path.name, path.read_text()))
    golden(path.with_name(path.name.replace(".in.", ".out.")), result)


ON_PURPOSE = ("tests/golden/format/", "tests/golden/syntax/")
"""Where specs are laid out as no formatter would."""


def test_every_spec_of_the_project_is_formatted():
    """But for those that cannot be read, which the formatter leaves alone."""
    found = [path for folder in ("specs", "tests") for path in sorted((ROOT / folder).rglob("*.tnet"))]
    checked = [path for path in found if not path.relative_to(ROOT).as_posix().startswith(ON_PURPOSE)]
    trees = {path: parse(Source(path.name, path.read_text())) for path in checked}
    whole = {path: tree for path, tree in trees.items() if not any(each.is_error for each in tree.diagnostics)}
    assert len(whole) > 80
    assert [path.name for path, tree in whole.items() if format_tree(tree) != path.read_text()] == []
