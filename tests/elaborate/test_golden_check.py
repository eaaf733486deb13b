"""Programs with faults, beside the diagnostics that they must give."""

from __future__ import annotations

import pytest

from tests.conftest import GOLDEN
from tnet.compiler import compile_spec
from tnet.diagnostics.render import render_full
from tnet.source import Source

SPECS = sorted((GOLDEN / "check").glob("*.tnet"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_diagnostics(path, golden):
    compilation = compile_spec(Source(path.name, path.read_text(encoding="utf-8")))
    golden(path.with_suffix(".txt"), render_full(compilation.diagnostics) + "\n")


def test_there_are_programs():
    assert len(SPECS) >= 10
