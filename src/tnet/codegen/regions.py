"""Where a statement stands among branches and loops, and what may run after it."""

from __future__ import annotations

from itertools import takewhile

Region = tuple[tuple[int, int, bool], ...]
"""The branches and loops around a statement, outermost first: for each a key, the number of the branch, whether it is
a loop."""


def reaches(at: int, here: Region, later: int, there: Region) -> bool:
    """Whether what stands at the place `later` may run after what stands at `at`."""
    common = [a for a, b in takewhile(lambda pair: pair[0] == pair[1], zip(here, there, strict=False))]
    if any(is_loop for _, _, is_loop in common):
        return True
    return later > at and not exclusive(here, there)


def exclusive(here: Region, there: Region) -> bool:
    """Whether the two stand in different branches of one choice."""
    return any(a[0] == b[0] and a[1] != b[1] for a, b in zip(here, there, strict=False))
