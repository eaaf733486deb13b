"""Diagnostics for programs: a list of objects, lines and columns from 1."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ...source import Span
from ..diagnostic import Diagnostic, Note
from .order import by_place


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """A JSON list, in ASCII."""
    return json.dumps([as_object(each) for each in by_place(diagnostics)], indent=2)


def as_object(diagnostic: Diagnostic) -> dict:
    """A diagnostic as plain data; places are null where there is none."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_place(diagnostic.span),
        "notes": [_note(each) for each in diagnostic.notes],
        "help": diagnostic.help,
        "fix": diagnostic.fix,
    }


def _note(note: Note) -> dict:
    return {"message": note.message, **_place(note.span)}


def _place(span: Span | None) -> dict:
    names = ("path", "line", "column", "end_line", "end_column")
    if span is None:
        return dict.fromkeys(names)
    values = (span.source.name, *span.source.position(span.start), *span.source.position(span.end))
    return dict(zip(names, values, strict=True))
