"""The automaton of the grammar, its tables cached in the user's own cache folder."""

from __future__ import annotations

import marshal
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

from .automaton import Automaton
from .build import Builder
from .scanner import Terminals

# Raised when `make_tables` gives something else for the same grammar.
_LAYOUT = 2


@cache
def automaton() -> Automaton:
    """The automaton, whose results are nodes of the syntax tree."""
    return Automaton(_tables(), Builder())


@cache
def terminals() -> Terminals:
    return Terminals(_tables()["terminals"])


@cache
def _tables() -> dict[str, Any]:
    grammar = _grammar_text()
    key = f"{_LAYOUT}\n{sys.version}\n{grammar}"
    path = _cache_path(key)
    tables = path and _load(path, key)
    if not tables:
        from .tables import make_tables

        tables = make_tables(grammar)
        if path:
            _save(path, key, tables)
    return tables


def _grammar_text() -> str:
    """In an installed wheel the grammar is inside the package, in a checkout beside `src`."""
    package = Path(__file__).parents[1]
    places = (package / "grammars", package.parents[1] / "grammars")
    path = next(place / "tnet.lark" for place in places if place.is_dir())
    return path.read_text("utf-8")


def cache_folder() -> Path | None:
    """The folder for what can be made again, of this user only; none where no home folder is known."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(base) / "tnet" if Path(base).is_absolute() else None


def _cache_path(key: str) -> Path | None:
    folder = cache_folder()
    return folder and folder / f"grammar-{crc32(key.encode()):08x}.tables"


def _load(path: Path, key: str) -> dict[str, Any] | None:
    """The tables in a file; None where it is missing, damaged or made for something else."""
    try:
        content = path.read_bytes()
        if int.from_bytes(content[:4], "big") != crc32(content[4:]):
            return None
        made_for, tables = marshal.loads(content[4:])
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return tables if made_for == key else None


def _save(path: Path, key: str, tables: dict[str, Any]) -> None:
    """Write the tables under another name first, so that no process ever reads half of them."""
    content = marshal.dumps((key, tables))
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished.write_bytes(crc32(content).to_bytes(4, "big") + content)
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
