"""Generated source as modules of the running process, whose instances pickle as source, class name and state.

Unpickling imports this file by itself, so it stands alone: a pickled model loads where tnet is installed but has not
been imported. As with any pickle, loading one runs what it says.
"""

from __future__ import annotations

import copyreg
import hashlib
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

MODULES: dict[str, ModuleType] = {}
"""Every generated module by its text."""


def module_of(text: str, filename: str) -> ModuleType:
    """The module of a source text, run once; tracebacks and `inspect.getsource` show its lines."""
    if text not in MODULES:
        digest = hashlib.sha256(text.encode()).hexdigest()
        shown = _shown_name(text, filename, digest)
        module = ModuleType(f"tnet_generated_{digest[:16]}")
        module.__file__ = shown
        linecache.cache[shown] = (len(text), None, text.splitlines(keepends=True), shown)
        sys.modules[module.__name__] = module
        exec(compile(text, shown, "exec"), module.__dict__)
        MODULES[text] = module
        for cls in classes_of(module):
            copyreg.pickle(cls, _Reducer(text, filename))
    return MODULES[text]


def classes_of(module: ModuleType) -> list[type]:
    """The classes that a module defines."""
    return [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]


def _shown_name(text: str, filename: str, digest: str) -> str:
    """The file itself where it holds this text; else a name of its own, since a spec gives many texts."""
    try:
        if Path(filename).read_text() == text:
            return filename
    except (OSError, ValueError):
        pass
    return f"<{filename.strip('<>')} {digest[:8]}>"


class _Reducer:
    """Reduces instances of exactly the generated classes; a subclass that a program defines pickles as usual."""

    def __init__(self, text: str, filename: str):
        self.text = text
        self.filename = filename

    def __call__(self, instance: Any) -> tuple:
        _, _, *state = object.__reduce_ex__(instance, 2)
        return restore, (self.text, self.filename, type(instance).__name__), *state


def restore(text: str, filename: str, class_name: str) -> Any:
    """A new instance without its state."""
    cls = getattr(module_of(text, filename), class_name)
    return cls.__new__(cls)
