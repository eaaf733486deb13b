"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..diagnostics import SpecError, error


def write(path: Path, content: str | bytes) -> None:
    """Write beside the target, flush, and rename over it. Raises SpecError (TN0902); the target is then as it was."""
    replace(path, lambda beside: beside.write_bytes(content.encode() if isinstance(content, str) else content))


def replace(path: Path, fill: Callable[[Path], object]) -> None:
    """The same for content that `fill(file)` writes into the file whose path it is given."""
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise IsADirectoryError(21, "it is a folder")
            fill(target)  # a device or a pipe
            return
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(13, "permission denied")
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            fill(beside)
            flush(beside)
            if target.exists():
                os.chmod(beside, target.stat().st_mode & 0o7777)
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as problem:
        raise cannot("write", path, problem) from problem


def flush(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def cannot(do: str, path: Path | str, problem: OSError) -> SpecError:
    """`cannot write `x.svg`: permission denied`, to be raised."""
    return error("TN0902", f"cannot {do} `{path}`: {(problem.strerror or str(problem)).lower()}")
