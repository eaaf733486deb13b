"""The grammar as a parser, with its tables cached in the user's own cache folder."""

from __future__ import annotations

import os
import pickle
import sys
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import lark

from .build import Builder
from .scanner import Terminals

# Part of the key of cached tables: raise it when what `_build` gives changes.
_LAYOUT = 1
_OPTIONS = {
    "parser": "lalr",
    "lexer": "basic",
    "start": ["spec", "lone_value", "lone_stages"],
    "keep_all_tokens": True,
    "maybe_placeholders": True,
}


@cache
def parser() -> lark.Lark:
    """The parser, whose results are nodes of the syntax tree. Built once a process, from the cache where it can be."""
    text = _grammar_text()
    path = _cache_path(text)
    found = _load(path) if path else None
    if found is None:
        found = lark.Lark(text, transformer=Builder(), **_OPTIONS)
        if path:
            _save(found, path)
    return found


@cache
def terminals() -> Terminals:
    return Terminals(parser().terminals)


def _grammar_text() -> str:
    """In an installed wheel the grammar is inside the package, in a checkout beside `src`."""
    packaged = files("tnet") / "grammars" / "tnet.lark"
    checkout = Path(__file__).parents[3] / "grammars" / "tnet.lark"
    return (packaged if packaged.is_file() else checkout).read_text("utf-8")


def _cache_path(grammar: str) -> Path | None:
    folder = cache_folder()
    key = f"{_LAYOUT} {lark.__version__} {sys.version} {grammar}"
    return folder / f"grammar-{sha256(key.encode()).hexdigest()[:24]}.pickle" if folder else None


def cache_folder() -> Path | None:
    """The folder for what may be built again, of this user only; none where there is no home folder."""
    try:
        home = Path.home()
    except RuntimeError:
        home = None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or (home and home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home and home / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or (home and home / ".cache")
    return Path(base) / "tnet" if base and Path(base).is_absolute() else None


def _load(path: Path) -> lark.Lark | None:
    try:
        tables = pickle.loads(path.read_bytes())
        return lark.Lark._load_from_dict(tables["data"], tables["memo"], transformer=Builder())
    except Exception:  # a missing, cut off or foreign file: the tables are built again
        return None


def _save(built: lark.Lark, path: Path) -> None:
    """Write the tables beside the final name first, so that no process ever reads half of them."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with temporary.open("wb") as file:
            built.save(file, exclude_options=["transformer"])
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
