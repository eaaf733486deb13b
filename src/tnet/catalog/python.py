"""The user's own Python: finding a module without running it, importing it, and what its names are."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from .functions import TensorFunction
from .layers import LayerClass


class OwnLayer(LayerClass):
    """A subclass of `nn.Module` in the user's own Python."""


class OwnFunction(TensorFunction):
    """A function of the user's own Python."""


@dataclass(frozen=True)
class OwnClass:
    """Another class of the user's own Python: a source of data or a transform."""

    path: str
    cls: type


class ImportFailed(Exception):
    """What a module raised while it was imported; `place` is the line that did, `layers.py:12`."""

    def __init__(self, problem: BaseException):
        super().__init__(f"{type(problem).__name__}: {problem}".split("\n")[0].removesuffix(": "))
        self.place = place_of(problem)


def locate(module: str, folders: Sequence[Path]) -> Path | None:
    """The file of a module: in one of these folders, or where Python finds it. None of its code runs."""
    path: Sequence[str] | None = [*map(str, folders), *sys.path]
    top, *rest = module.split(".")
    found = importlib.machinery.PathFinder.find_spec(top, path) or _installed(top)
    name = top
    for part in rest:
        if found is None or found.submodule_search_locations is None:
            return None
        name = f"{name}.{part}"
        found = importlib.machinery.PathFinder.find_spec(name, list(found.submodule_search_locations))
    if found is None or not (found.origin or found.submodule_search_locations):
        return None
    return Path(found.origin or next(iter(found.submodule_search_locations)))


def _installed(top: str) -> importlib.machinery.ModuleSpec | None:
    """What Python's other finders know, such as those of editable installations."""
    try:
        return importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None


def import_module(module: str, folders: Sequence[Path]) -> ModuleType:
    """The module, imported from these folders or where Python finds it. Raises `ImportFailed`.

    The folders stay at the end of `sys.path`, for what the module imports later and for processes started from here.
    """
    where = locate(module, folders)
    known = getattr(sys.modules.get(module), "__file__", None)
    if known and where and Path(known).resolve() != where.resolve():
        raise ImportFailed(ImportError(f"another module `{module}` is imported already, from {known}"))
    sys.path += [str(each) for each in folders if str(each) not in sys.path]
    try:
        with redirect_stdout(sys.stderr):  # which is for results
            top = module.partition(".")[0]
            if top not in sys.modules:
                _import_top(top, folders)
            return importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # a module may raise anything, SystemExit too
        raise ImportFailed(problem) from problem


def _import_top(top: str, folders: Sequence[Path]) -> None:
    """Import a module of a project's folder under its name, whatever else is called so."""
    found = importlib.machinery.PathFinder.find_spec(top, [str(each) for each in folders])
    if found is None or found.loader is None:
        importlib.import_module(top)
        return
    made = importlib.util.module_from_spec(found)
    sys.modules[top] = made
    try:
        found.loader.exec_module(made)
    except BaseException:
        del sys.modules[top]
        raise


def meaning(module: str, name: str, value: Any) -> OwnLayer | OwnFunction | OwnClass | None:
    """What a name of a module is to a spec; None for what is neither class nor function."""
    path = f"{module}.{name}"
    if inspect.isclass(value):
        return OwnLayer(path, value) if issubclass(value, nn.Module) else OwnClass(path, value)
    return OwnFunction(path, value) if callable(value) and not isinstance(value, nn.Module) else None


def names_in(module: ModuleType) -> list[str]:
    """The public names of a module, for suggestions."""
    return [name for name in vars(module) if not name.startswith("_")]


def place_of(problem: BaseException, file: str | None = None) -> str | None:
    """The line that raised, `layers.py:12`: the innermost one of a file, if it is given and took part."""
    if isinstance(problem, SyntaxError) and problem.filename:
        return f"{Path(problem.filename).name}:{problem.lineno}"
    frames = [each for each in traceback.extract_tb(problem.__traceback__) if not each.filename.startswith("<frozen")]
    own = [each for each in frames if each.filename != __file__ and each.filename != importlib.__file__]
    own = [each for each in own if each.filename == file] or own
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else None
