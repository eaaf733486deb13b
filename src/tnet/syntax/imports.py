"""The specs that a spec imports."""

from __future__ import annotations

from pathlib import Path

from ..diagnostics import SpecError
from . import ast
from .parser import parse
from .reading import read


def imported(path: Path) -> dict[Path, str]:
    """The files that a spec imports, and those that they do, as paths and as they are written in what imports them.

    What cannot be read, or is not parsed as an import, imports nothing.
    """
    found: dict[Path, str] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        for name in _names(file):
            if (target := file.parent / name) not in found:
                found[target] = name
                waiting.append(target)
    return found


def _names(path: Path) -> list[str]:
    try:
        declarations = parse(read(path)).declarations
    except SpecError:
        return []
    imports = (each for each in declarations if isinstance(each, ast.FromImport))
    return ["".join(part for part in each.path.parts if isinstance(part, str)) for each in imports]
