"""Files of a run: written whole or not at all, hashed, and free of pickle.

A state is any nesting of dicts, lists, tuples, numbers, texts and tensors. `pack` divides it into plain JSON and named
tensors, `unpack` puts it together again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ..diagnostics import SpecError, error

MANIFEST = "manifest.json"
TEMPORARY, REPLACED = ".tmp", ".old"
"""Endings, after a dot in front, of what is being written or removed, and of what is being replaced."""
SAFE = "what was saved before is as it was"


def cannot(do: str, path: Path, problem: OSError) -> SpecError:
    """`cannot write `x`: no space left on device`, to be raised."""
    reason = (problem.strerror or str(problem)).lower()
    return error("TN0902", f"cannot {do} `{path}`: {reason}", help=SAFE if do == "write" else None)


def make_folder(path: Path) -> None:
    """Make a folder where there is none, and those that it is in. Raises SpecError (TN0902)."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise cannot("make the folder", path, problem) from problem


def write(path: Path, content: bytes) -> None:
    """Write beside the target, flush to the disk, rename over it. Raises SpecError (TN0902); the target is then as it
    was."""
    beside = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        try:
            _write_through(beside, content)
            os.replace(beside, path)
            sync_folder(path.parent)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as problem:
        raise cannot("write", path, problem) from problem


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """A folder of files with a manifest of their hashes, which is there whole or not at all. Raises SpecError.

    One of that name is moved aside first and removed last; `tidy` moves it back should the process end in between.
    """
    beside, old = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}"), path.with_name(f".{path.name}{REPLACED}")
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = json.dumps({"sha256": hashes}, indent=2).encode()
    try:
        try:
            path.parent.mkdir(exist_ok=True)
            beside.mkdir()
            for name, content in {**files, MANIFEST: manifest}.items():
                _write_through(beside / name, content)
            sync_folder(beside)
            if path.exists():
                os.replace(path, old)
            os.replace(beside, path)
            sync_folder(path.parent)
        finally:
            _remove(beside)
        _remove(old)
    except OSError as problem:
        raise cannot("write", path, problem) from problem


def read_folder(path: Path) -> dict[str, bytes]:
    """The files of such a folder. Raises SpecError (TN0903) where one is missing or is not what was written."""
    try:
        hashes = json.loads((path / MANIFEST).read_bytes())["sha256"]
        files = {name: (path / name).read_bytes() for name in hashes}
    except OSError as problem:
        raise error("TN0903", f"`{path}` is not whole: `{problem.filename}` cannot be read") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise error("TN0903", f"`{path / MANIFEST}` is damaged") from problem
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != hashes[name]:
            raise error("TN0903", f"`{path / name}` is damaged: it is not what was saved")
    return files


def tidy(folder: Path) -> None:
    """Clear what a process left in a folder of folders that ended while it wrote or removed one."""
    for path in folder.glob(f".*{REPLACED}"):
        target = path.with_name(path.name[1:].removesuffix(REPLACED))
        _remove(path) if target.exists() else os.replace(path, target)
    for path in folder.glob(f".*{TEMPORARY}"):
        _remove(path)


def remove_folder(path: Path) -> None:
    """Remove a folder; it is gone whole, or still there whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    os.replace(path, beside)
    _remove(beside)


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)


def sync_folder(path: Path) -> None:
    """Flush a folder's list of names, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_through(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def pack(state: Any) -> tuple[Any, dict[str, Tensor]]:
    """A state as plain JSON values and the tensors in it, by number."""
    tensors: dict[str, Tensor] = {}

    def plain(value: Any) -> Any:
        match value:
            case Tensor():
                tensors[name := str(len(tensors))] = value.detach().cpu().contiguous().clone()
                return {"tensor": name}
            case dict():
                return {"map": [[plain(key), plain(each)] for key, each in value.items()]}
            case tuple():
                return {"tuple": [plain(each) for each in value]}
            case list():
                return [plain(each) for each in value]
            case None | bool() | int() | float() | str():
                return value
        raise TypeError(f"a state holds a {type(value).__name__}, which is not saved")

    return plain(state), tensors


def unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    match value:
        case {"tensor": name}:
            return tensors[name]
        case {"map": entries}:
            return {unpack(key, tensors): unpack(each, tensors) for key, each in entries}
        case {"tuple": items}:
            return tuple(unpack(each, tensors) for each in items)
        case list():
            return [unpack(each, tensors) for each in value]
    return value
