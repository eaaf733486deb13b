"""The part of a source line that shows a span, with the columns that the span takes on a terminal."""

from __future__ import annotations

import unicodedata

from ...source import Span
from .escape import escape

_WIDEST = 120
_BEFORE = 40
_TAB = "    "


def excerpt(span: Span) -> tuple[str, int, int]:
    """The line where a span starts, made safe; the columns before the span and under it (one at least).

    A long line is cut to what stands around the span.
    """
    line = span.source.line(span.line)
    start = min(span.column - 1, len(line))
    stop = min(start + span.end - span.start, len(line))
    first = 0 if len(line) <= _WIDEST else max(0, start - _BEFORE)
    last = len(line) if len(line) <= _WIDEST else min(len(line), first + _WIDEST)
    opening = ("…" if first else "") + _shown(line[first:start])
    marked = _shown(line[start : min(stop, last)])
    closing = _shown(line[max(start, min(stop, last)) : last]) + ("…" if last < len(line) else "")
    return opening + marked + closing, _columns(opening), max(1, _columns(marked))


def _shown(text: str) -> str:
    return escape(text.replace("\t", _TAB))


def _columns(text: str) -> int:
    """The width of a text on a terminal, where some letters take two columns and accents none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
