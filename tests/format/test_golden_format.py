"""Specs before and after formatting: NAME.in.tnet gives NAME.out.tnet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnet.format import format_source
from tnet.source import Source

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests" / "golden" / "format").glob("*.in.tnet"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name.removesuffix(".in.tnet"))
def test_layout(path, golden):
    result = format_source(Source(path.name, path.read_text()))
    golden(path.with_name(path.name.replace(".in.", ".out.")), result)


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.tnet")), ids=lambda path: path.stem)
def test_the_gallery_is_the_style_guide(path):
    assert format_source(Source(path.name, path.read_text())) == path.read_text()
