"""Diagnostics for people: the headline, the source line with carets, notes with their own places, help."""

from __future__ import annotations

from collections.abc import Iterable

from ...source import Span
from ..diagnostic import Diagnostic, Note
from .concise import headline
from .escape import escape, lines
from .excerpt import excerpt
from .order import by_place
from .paint import Paint


def render_full(diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """The diagnostics, a blank line between two; `color` adds ANSI colours."""
    return "\n\n".join("\n".join(_lines(each, Paint(color))) for each in by_place(diagnostics))


def _lines(diagnostic: Diagnostic, paint: Paint) -> Iterable[str]:
    yield headline(diagnostic, paint)
    if diagnostic.span:
        yield from _picture(diagnostic.span, diagnostic.severity, paint)
    for note in diagnostic.notes:
        yield from _note(note, paint)
    if diagnostic.help:
        yield f"{paint.label('help:')} {_indented(diagnostic.help)}"


def _note(note: Note, paint: Paint) -> Iterable[str]:
    place = f"{escape(note.span.place)}: " if note.span else ""
    yield f"{paint.label('note:')} {place}{_indented(note.message)}"
    if note.span:
        yield from _picture(note.span, "note", paint)


def _indented(text: str) -> str:
    return lines(text).replace("\n", "\n      ")


def _picture(span: Span, severity: str, paint: Paint) -> Iterable[str]:
    text, column, width = excerpt(span)
    number = str(span.line)
    yield f"{paint.gutter(f' {number} |')} {text}".rstrip()
    carets = paint.severity(severity, "^" * width)
    yield f"{paint.gutter(' ' * (len(number) + 2) + '|')} {' ' * column}{carets}"
