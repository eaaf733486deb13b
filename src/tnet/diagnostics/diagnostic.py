"""A diagnostic, and the exception that carries diagnostics out of a piece of work."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..source import Span
from .codes import CODES

LONGEST_PIECE = 160
LONGEST_TEXT = 2000
_LONG_PIECE = re.compile(rf"`[^`]{{{LONGEST_PIECE},}}`|\"[^\"`]{{{LONGEST_PIECE},}}\"")


def shortened(text: str) -> str:
    """A text of a diagnostic in which no name or literal of the spec, in backticks or quotes, is endless."""
    if len(text) <= LONGEST_PIECE:
        return text
    text = _LONG_PIECE.sub(lambda found: f"{found[0][:LONGEST_PIECE]}…{found[0][-1]}", text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


@dataclass(frozen=True)
class Note:
    """The other side of a conflict, with its own place where it has one."""

    message: str
    span: Span | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", shortened(self.message))


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong with a spec.

    The message is lowercase, names things in backticks and makes sense alone; the span is the smallest
    that shows the fault; `help` says what to write; `fix` is text that may replace the span. Endless names and
    literals of the spec are shortened in all texts but the fix.
    """

    code: str
    severity: str
    message: str
    span: Span | None = None
    notes: tuple[Note, ...] = ()
    help: str | None = None
    fix: str | None = None

    def __post_init__(self) -> None:
        assert self.code in CODES, f"unlisted diagnostic code {self.code}"
        object.__setattr__(self, "message", shortened(self.message))
        object.__setattr__(self, "help", self.help and shortened(self.help))

    @property
    def is_error(self) -> bool:
        return self.severity == "error"


class SpecError(Exception):
    """What is wrong with a spec; `.diagnostics` holds it as values.

    Inside the compiler it ends the piece of work (a statement, a rule, a setting) in which it is raised;
    the stage catches it, keeps the diagnostics and goes on with the next piece.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]):
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(_line(each) for each in self.diagnostics))


def _line(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.span.place}: " if diagnostic.span else ""
    return f"{place}{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"


def error(code: str, message: str, span: Span | None = None, *notes: Note, help: str | None = None) -> SpecError:
    """A `SpecError` of one error, to be raised."""
    return SpecError([Diagnostic(code, "error", message, span, notes, help)])


def warning(code: str, message: str, span: Span | None = None, *notes: Note, help: str | None = None) -> Diagnostic:
    """A lint."""
    return Diagnostic(code, "warning", message, span, notes, help)
