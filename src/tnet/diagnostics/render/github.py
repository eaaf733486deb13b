"""Workflow commands of GitHub Actions, which show each diagnostic beside its line of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions; the escapes are those of the package
`@actions/core` of github.com/actions/toolkit.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...source import Span
from ..diagnostic import Diagnostic
from .escape import escape, lines
from .order import by_place

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """A command a diagnostic: `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::…`."""
    return "\n".join(map(_command, by_place(diagnostics)))


def _command(diagnostic: Diagnostic) -> str:
    properties = {**_place(diagnostic.span), "title": f"tnet {diagnostic.code}"}
    listed = ",".join(f"{name}={str(value).translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{diagnostic.severity} {listed}::{_text(diagnostic).translate(_DATA)}"


def _place(span: Span | None) -> dict[str, str | int]:
    """The place of a span in a file. GitHub takes columns only of spans on one line."""
    if span is None or span.source.path is None:
        return {}
    (line, column), (end_line, end_column) = span.source.position(span.start), span.source.position(span.end)
    one_line = {"line": line, "col": column, "endLine": end_line, "endColumn": end_column}
    columns = one_line if line == end_line else {"line": line, "endLine": end_line}
    return {"file": escape(span.source.name), **columns}


def _text(diagnostic: Diagnostic) -> str:
    """The message, its notes with their places, and the help, a line each; the place too where it is in no file."""
    span = diagnostic.span
    place = f"{escape(span.place)}: " if span and span.source.path is None else ""
    notes = [
        f"note: {escape(note.span.place) + ': ' if note.span else ''}{lines(note.message)}" for note in diagnostic.notes
    ]
    help = [f"help: {lines(diagnostic.help)}"] if diagnostic.help else []
    return "\n".join([f"{place}{escape(diagnostic.message)}", *notes, *help])
