"""Lints say nothing of the gallery, of imported files, and of specs that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnet.compiler import compile_spec
from tnet.source import Source

ROOT = Path(__file__).parents[2]
GALLERY = [*sorted((ROOT / "specs").glob("*.tnet")), *sorted((ROOT / "tests/gallery/wild").glob("*.tnet"))]


def warnings(text: str, path: Path | None = None) -> list[str]:
    found = compile_spec(Source("spec.tnet", text, path)).diagnostics
    return [f"{each.code} {each.message}" for each in found if not each.is_error]


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_the_gallery(path):
    assert warnings(path.read_text(encoding="utf-8"), path) == []


def test_lints_of_an_imported_file_are_its_own(tmp_path):
    (tmp_path / "blocks.tnet").write_text("hyper unused = 1\nblock Conv(width) {\n  Linear(width)\n  BatchNorm1d\n}\n")
    text = 'from "blocks.tnet" import Conv\nnet A(v: float[N, 4]) {\n  Conv(3)\n}\n'
    assert warnings(text, tmp_path / "spec.tnet") == []
    assert warnings(text.replace("Conv(3)", "Linear(3); BatchNorm1d"), tmp_path / "spec.tnet")[0].startswith("TN1010")


def test_a_spec_with_an_error_has_enough_to_look_at():
    text = "net A(v: float[N, 4]) {\n  Linear(3)\n  BatchNorm1d\n  Linear(widht)\n}\n"
    assert warnings(text) == []
    assert warnings(text.replace("widht", "4")) == ["TN1004 the bias of `Linear` is taken away by `BatchNorm1d`"]
