"""Specs from files."""

from __future__ import annotations

from pathlib import Path

from ..diagnostics import error
from ..source import Source

LARGEST_FILE = 2**20


def read(path: str | Path, limit: int = LARGEST_FILE) -> Source:
    """The text of a spec; diagnostics show the path as it was given.

    `limit` is in bytes. Raises SpecError: TN0902 for a file that cannot be read, TN0901 for one that is too large,
    TN0105 for one that is not text in UTF-8.
    """
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as fault:
        raise error("TN0902", f"cannot read `{name}`: {_reason(fault)}") from None
    if len(content) > limit:
        raise error("TN0901", f"`{name}` is larger than {limit:,} bytes")
    return Source(name, decode(content, name), Path(path))


def decode(content: bytes, name: str) -> str:
    """The text of the bytes of a spec; raises SpecError TN0105 where they are none."""
    nul = content.find(0)
    if nul >= 0:
        raise error("TN0105", f"`{name}` is not a text file: byte {nul} is zero")
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as fault:
        message = f"`{name}` is not text in UTF-8: byte {fault.start} is {content[fault.start]:#04x}"
        raise error("TN0105", message, help="save the file as UTF-8") from None


def _reason(fault: OSError | ValueError) -> str:
    if isinstance(fault, FileNotFoundError):
        return "there is no such file"
    if isinstance(fault, IsADirectoryError):
        return "it is a folder"
    if isinstance(fault, PermissionError):
        return "permission denied"
    return (getattr(fault, "strerror", None) or str(fault)).lower()
