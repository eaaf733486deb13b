"""Specs from files that are missing, too large, no text."""

from __future__ import annotations

import os

import pytest

from tnet.diagnostics import SpecError
from tnet.syntax import parse, read


def fault(path, **options):
    with pytest.raises(SpecError) as raised:
        read(path, **options)
    (diagnostic,) = raised.value.diagnostics
    return diagnostic


def test_the_name_is_the_path_as_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.tnet").write_bytes(b"\xef\xbb\xbfx = 1\r\n")
    source = read("./a.tnet")
    assert (source.name, source.text, source.path.name) == ("./a.tnet", "x = 1\r\n", "a.tnet")


def test_missing(tmp_path):
    diagnostic = fault(tmp_path / "none.tnet")
    assert diagnostic.code == "TN0902" and "no such file" in diagnostic.message


def test_folder(tmp_path):
    assert fault(tmp_path).code == "TN0902"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything")
def test_unreadable(tmp_path):
    path = tmp_path / "a.tnet"
    path.write_text("x = 1")
    path.chmod(0)
    assert fault(path).code == "TN0902"


def test_names_that_no_file_can_have():
    assert fault("a\0b").code == "TN0902"


def test_not_utf_8(tmp_path):
    path = tmp_path / "a.tnet"
    path.write_bytes(b"x = 1 # caf\xe9\n")
    diagnostic = fault(path)
    assert diagnostic.code == "TN0105" and "byte 11 is 0xe9" in diagnostic.message


def test_binary(tmp_path):
    path = tmp_path / "a.tnet"
    path.write_bytes(b"x = \x00")
    diagnostic = fault(path)
    assert diagnostic.code == "TN0105" and "byte 4 is zero" in diagnostic.message


def test_size(tmp_path):
    path = tmp_path / "a.tnet"
    path.write_text("x" * 100)
    assert read(path, limit=100).text == "x" * 100
    assert fault(path, limit=99).code == "TN0901"


@pytest.mark.parametrize(
    ("content", "line", "column"), [(b"net\n  \x00", 2, 3), (b'a = "\xe9"', 1, 6), ("ä\n".encode() + b"\xff", 2, 1)]
)
def test_bytes_that_are_no_text_are_marked(tmp_path, content, line, column):
    (tmp_path / "a.tnet").write_bytes(content)
    diagnostic = fault(tmp_path / "a.tnet")
    assert diagnostic.code == "TN0105" and (diagnostic.span.line, diagnostic.span.column) == (line, column)


def test_lines_that_end_in_a_lone_return(tmp_path):
    (tmp_path / "a.tnet").write_bytes(b"a = 1\rb = 2\r\nc = 3\r")
    source = read(tmp_path / "a.tnet")
    assert source.text == "a = 1\nb = 2\r\nc = 3\n" and parse(source).diagnostics == ()
