"""Specs from files."""

from __future__ import annotations

import re
from pathlib import Path

from ..diagnostics import error
from ..source import Source, Span

LARGEST_FILE = 2**20
_LONE_RETURN = re.compile(r"\r(?!\n)")  # ends a line, as on old Macintoshes


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
        raise error("TN0105", f"`{name}` is not a text file: byte {nul} is zero", _place(content, nul, name))
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as fault:
        message = f"`{name}` is not text in UTF-8: byte {fault.start} is {content[fault.start]:#04x}"
        raise error("TN0105", message, _place(content, fault.start, name), help="save the file as UTF-8") from None
    return _LONE_RETURN.sub("\n", text)


def _place(content: bytes, at: int, name: str) -> Span:
    """The place of a byte, in the text as far as it is one."""
    start = len(content[:at].decode("utf-8", errors="replace"))
    return Source(name, content.decode("utf-8", errors="replace"), Path(name)).span(start, start + 1)


def _reason(fault: OSError | ValueError) -> str:
    if isinstance(fault, FileNotFoundError):
        return "there is no such file"
    if isinstance(fault, IsADirectoryError):
        return "it is a folder"
    if isinstance(fault, PermissionError):
        return "permission denied"
    return (getattr(fault, "strerror", None) or str(fault)).lower()
