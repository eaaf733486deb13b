"""The gallery's page is current: pytest --rewrite-golden writes it and its pictures."""

from __future__ import annotations

import xml.etree.ElementTree as xml

import pytest
from page import page, picture
from parity import SPECS, compiled

GALLERY = sorted(SPECS.glob("*.tnet"))


def shown(path):
    """The main net of a spec, or the first where it has none."""
    program = compiled(path).program
    return program.nets[program.main or next(iter(program.nets))]


def test_there_are_enough_specs():
    assert len(GALLERY) >= 18


def test_page_is_current(golden):
    golden(SPECS / "README.md", page([(path, shown(path)) for path in GALLERY]))


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_picture_is_current(path, golden):
    drawn = picture(shown(path))
    assert xml.fromstring(drawn).tag.endswith("svg") and len(drawn) < 16_000
    golden(SPECS / "pictures" / f"{path.stem}.svg", drawn)
