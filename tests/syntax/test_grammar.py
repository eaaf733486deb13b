"""The grammar's tables: no conflicts, a cache that may be anything, no Lark once they are cached."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import lark
import pytest

from tnet.syntax import grammar
from tnet.syntax.tables import START_SYMBOLS

ROOT = Path(__file__).parents[2]

PARSE_AND_LOOK = """
import sys
from tnet.source import Source
from tnet.syntax import parse

assert len(parse(Source("spec", "x = (1\\ny = 1 2")).diagnostics) == 2
print(sorted({"lark", "torch", "rich", "hashlib", "inspect"} & set(sys.modules)) if sys.argv[1:] else "read")
"""


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache folder, and a function that reads the tables as a new process would."""
    monkeypatch.setattr(grammar, "cache_folder", lambda: tmp_path)
    return tmp_path, grammar._tables.__wrapped__


def test_there_are_no_conflicts(caplog):
    text = (ROOT / "grammars" / "tnet.lark").read_text()
    with caplog.at_level(logging.WARNING, "lark"):
        lark.Lark(text, parser="lalr", lexer="basic", start=list(START_SYMBOLS), debug=True)
    assert not caplog.records


def test_tables_are_the_same_from_the_cache(cache):
    folder, tables = cache
    made = tables()
    (file,) = folder.iterdir()
    written = file.stat().st_mtime_ns
    assert tables() == made
    assert file.stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", [b"", b"junk", None])
def test_a_damaged_cache_is_made_again(cache, damage):
    folder, tables = cache
    made = tables()
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert same_language(tables(), made)
    assert [each.stat().st_size for each in folder.iterdir()] == [len(whole)]


def test_tables_made_for_another_grammar_are_not_taken(cache, monkeypatch):
    folder, tables = cache
    tables()
    (file,) = folder.iterdir()
    text = (ROOT / "grammars" / "tnet.lark").read_text().replace('"..."', '"…"')
    monkeypatch.setattr(grammar, "_cache_path", lambda key: file)
    monkeypatch.setattr(grammar, "_grammar_text", lambda: text)
    assert ("str", "…") in tables()["terminals"].values()


def same_language(left: dict, right: dict) -> bool:
    """Whether tables differ only in how they number states and rules."""
    return left["terminals"] == right["terminals"] and len(left["actions"]) == len(right["actions"])


def test_a_cache_that_cannot_be_written_does_not_matter(monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for folder in (None, file / "below"):
        monkeypatch.setattr(grammar, "cache_folder", lambda folder=folder: folder)
        assert grammar._tables.__wrapped__()["rules"]


def test_the_folder_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert grammar.cache_folder() == tmp_path / "tnet"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert grammar.cache_folder() == tmp_path / ".cache" / "tnet"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert grammar.cache_folder() == tmp_path / "Library" / "Caches" / "tnet"


def test_once_cached_the_tables_need_no_lark(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "XDG_CACHE_HOME": str(tmp_path)}
    for arguments in ([], ["look"]):
        command = [sys.executable, "-c", PARSE_AND_LOOK, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() in ("[]", "['inspect']")
