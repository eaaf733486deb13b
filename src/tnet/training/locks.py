"""One process at a time in a run's folder.

The lock is the system's own on an open file, so it ends with the process that holds it, however that ends: a file
that is left behind locks nothing. It is a record lock, which forked workers do not inherit and cannot keep alive.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..diagnostics import SpecError, error
from .files import cannot

LOCK = "lock"
_own: set[Path] = set()
"""Locks that this process holds: a record lock does not keep out its own process."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises SpecError (TN0902) where another run does, naming its process."""
    path = folder.resolve() / LOCK
    if path in _own:
        raise _in_use(folder, "this process")
    try:
        descriptor = _locked(path)
        if descriptor is None:
            raise _in_use(folder, _holder(path))
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} {socket.gethostname()}\n".encode())
    except OSError as problem:
        raise cannot("write", folder / LOCK, problem) from problem
    _own.add(path)
    try:
        yield
    finally:
        _own.discard(path)
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _in_use(folder: Path, holder: str) -> SpecError:
    return error("TN0902", f"`{folder}` is in use by {holder}", help="name another folder, or end that run")


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock; None where another has it. A file that its holder has just removed, which
    another may have made again, does not count."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _claim(descriptor):
            os.close(descriptor)
            return None
        if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
        os.close(descriptor)


def _claim(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _holder(path: Path) -> str:
    """`process 123 on host`, as the lock says."""
    try:
        number, _, host = path.read_text(encoding="utf-8").strip().partition(" ")
    except OSError:
        number = host = ""
    return f"process {number} on {host}" if number and host else "another process"
