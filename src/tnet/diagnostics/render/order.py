"""The order in which diagnostics are shown."""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnostic import Diagnostic


def by_place(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by file and offset; those without a place come last, in the order given."""
    return sorted(diagnostics, key=_key)


def _key(diagnostic: Diagnostic) -> tuple:
    span = diagnostic.span
    return (1, "", 0, 0) if span is None else (0, span.source.name, span.start, span.end)
