"""A line a diagnostic: `path:line:column: error[TN0203]: message`."""

from __future__ import annotations

from collections.abc import Iterable

from ..diagnostic import Diagnostic
from .escape import escape
from .order import by_place
from .paint import Paint


def render_concise(diagnostics: Iterable[Diagnostic], color: bool = False) -> str:
    """The diagnostics, a line each; `color` adds ANSI colours."""
    return "\n".join(headline(each, Paint(color)) for each in by_place(diagnostics))


def headline(diagnostic: Diagnostic, paint: Paint) -> str:
    """The line that makes sense alone."""
    place = f"{escape(diagnostic.span.place)}: " if diagnostic.span else ""
    kind = paint.severity(diagnostic.severity, f"{diagnostic.severity}[{diagnostic.code}]")
    return f"{paint.strong(place)}{kind}: {paint.strong(escape(diagnostic.message))}"
