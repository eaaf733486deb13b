"""Limits that are checked before anything is allocated."""

from __future__ import annotations

import os
from functools import cache

from ..diagnostics import error
from ..source import Span
from .frames import Frame


@cache
def machine_bytes() -> int:
    """The machine's memory; 64 GiB where it cannot be asked."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 64 * 2**30


def check_bytes(frame: Frame, more: int, span: Span) -> None:
    """Count parameters and buffers; more than the machine can hold is an error."""
    frame.net.bytes += more
    if frame.net.bytes > machine_bytes():
        needed, there = frame.net.bytes / 2**30, machine_bytes() / 2**30
        raise error(
            "TN0901", f"parameters so far would take {needed:,.0f} GiB; this machine has {there:,.0f} GiB", span
        )
