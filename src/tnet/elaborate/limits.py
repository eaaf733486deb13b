"""Limits that are checked before anything is allocated."""

from __future__ import annotations

import os
from functools import cache
from math import prod

from ..diagnostics import error
from ..ir.graph import Value
from ..ir.types import TensorType
from ..source import Span
from .frames import LARGEST_STEPS, Frame


@cache
def machine_bytes() -> int:
    """The machine's memory; 64 GiB where it cannot be asked."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 64 * 2**30


def check_tensor(kind: TensorType, name: str, span: Span) -> None:
    """Refuse a value that could not be held, whatever the symbolic sizes are; one that shares memory may be larger."""
    known = [dim for dim in kind.dims if isinstance(dim, int)]
    if kind.strides is None and prod(known) > machine_bytes():
        needed, there = prod(known) / 2**30, machine_bytes() / 2**30
        what = f"`{name.rsplit('.', 1)[-1]}` gives a tensor of {needed:,.0f} GiB at least"
        raise error("TN0901", f"{what}; this machine has {there:,.0f} GiB", span)


def check_pieces(name: str, args: tuple, span: Span) -> None:
    """Refuse to cut a tensor into more pieces than a spec has steps."""
    if name.rpartition(".")[2] not in ("unbind", "split", "chunk", "tensor_split"):
        return
    dims = getattr(args[0].type, "dims", ()) if args and isinstance(args[0], Value) else ()
    longest = max((dim for dim in dims if isinstance(dim, int)), default=0)
    size = args[1] if name.endswith("split") and len(args) > 1 and isinstance(args[1], int) else 1
    if longest // max(size, 1) > LARGEST_STEPS:
        raise error("TN0901", f"a tensor is cut into {LARGEST_STEPS:,} pieces at most", span)


def check_bytes(frame: Frame, more: int, span: Span) -> None:
    """Count parameters and buffers; more than the machine can hold is an error."""
    frame.net.bytes += more
    if frame.net.bytes > machine_bytes():
        needed, there = frame.net.bytes / 2**30, machine_bytes() / 2**30
        raise error(
            "TN0901", f"parameters so far would take {needed:,.0f} GiB; this machine has {there:,.0f} GiB", span
        )
