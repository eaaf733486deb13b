"""Diagnostics of text that does not fit: what was found, what was expected, how to mend it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic, Note
from .expectations import expected
from .scanner import CLOSERS, END, SEPARATOR, SINGLE_QUOTED, UNCLOSED_STRING, UNKNOWN, Scanner, Token
from .slips import character_help, help_for

if TYPE_CHECKING:
    from .parser import Item

_LONGEST_QUOTE = 40


@dataclass(frozen=True, slots=True)
class Fault:
    """A token that does not fit, the item it is in, and the terminals that would fit.

    `unclosed` says that a bracket of the item was left open.
    """

    scanner: Scanner
    item: Item | None
    token: Token
    accepts: Set[str]
    unclosed: bool


def describe(fault: Fault) -> Diagnostic:
    """The diagnostic of a fault."""
    token = fault.token
    if token.type in _UNREADABLE:
        return _UNREADABLE[token.type](token)
    opener = _open_bracket(fault)
    if opener and _leaves_open(fault, opener):
        return _unclosed(fault.scanner, opener, token)
    if token.text in CLOSERS.values() and opener is None and token.text not in fault.accepts:
        return _unopened(fault)
    return _unexpected(fault, opener)


def missing_brace(scanner: Scanner, token: Token) -> Diagnostic:
    """That a declaration begins while braces are open."""
    return _unclosed(scanner, scanner.brackets[-1], token)


def _open_bracket(fault: Fault) -> Token | None:
    """The innermost bracket that is open, if it is to be closed before the item ends or the text does."""
    brackets = fault.scanner.brackets
    depth = fault.item.depth if fault.item else 0
    if len(brackets) > depth or (brackets and fault.token.type == END):
        return brackets[-1]
    return None


def _leaves_open(fault: Fault, opener: Token) -> bool:
    return fault.unclosed or fault.token.type == END or _closes_another(fault.token, opener)


def _closes_another(token: Token, opener: Token) -> bool:
    return token.text in CLOSERS.values() and token.text != CLOSERS[opener.text]


def _unclosed(scanner: Scanner, opener: Token, token: Token) -> Diagnostic:
    """Marks the bracket that was never closed; a wrong closer is marked itself."""
    closer = CLOSERS[opener.text]
    line = scanner.source.position(opener.span.start)[0]
    message = f"expected `{closer}` to close the `{opener.text}` at line {line}, found {found(token)}"
    if _closes_another(token, opener) and token.text != "}":
        note = Note(f"the `{opener.text}` is here", opener.span)
        return Diagnostic("TN0102", "error", message, token.span, (note,), fix=closer)
    note = Note(f"expected `{closer}` before this", token.span)
    return Diagnostic("TN0102", "error", message, opener.span, (note,), f"add the missing `{closer}`")


def _unopened(fault: Fault) -> Diagnostic:
    closer = fault.token.text
    opener = next(opener for opener, each in CLOSERS.items() if each == closer)
    message = f"unexpected `{closer}`: no `{opener}` is open here"
    return Diagnostic("TN0102", "error", message, fault.token.span, help=f"take the `{closer}` away")


def _unexpected(fault: Fault, opener: Token | None) -> Diagnostic:
    previous = fault.scanner.previous
    wanted = expected(fault.accepts, previous.text if previous else "", opener.text if opener else "")
    message = f"expected {wanted}, found {found(fault.token)}"
    start = fault.item.first.span.start if fault.item else 0
    return Diagnostic("TN0101", "error", message, fault.token.span, help=help_for(fault.token.span, start))


def found(token: Token) -> str:
    """A token in words."""
    if token.type == END:
        return "the end of the text"
    if token.type == SEPARATOR and token.text != ";":
        return "the end of the line"
    text = token.text if len(token.text) <= _LONGEST_QUOTE else token.text[:_LONGEST_QUOTE] + "…"
    return f"`{text}`"


def _single_quoted(token: Token) -> Diagnostic:
    text = token.text[1:-1]
    fix = None if '"' in text else f'"{text}"'
    return Diagnostic(
        "TN0104", "error", "strings stand in double quotes", token.span, help=fix and f"write `{fix}`", fix=fix
    )  # fmt: skip


def _unclosed_string(token: Token) -> Diagnostic:
    help = "end it with `\"` on the same line; a line break inside is written `\\n`"
    return Diagnostic("TN0103", "error", "a string that is not closed", token.span, help=help)


def _unknown(token: Token) -> Diagnostic:
    shown = f"`{token.text}`" if token.text.isprintable() else "a character"
    codes = "" if token.text.isascii() and token.text.isprintable() else f" (U+{ord(token.text[0]):04X})"
    message = f"{shown}{codes} is not a character of the language"
    return Diagnostic("TN0104", "error", message, token.span, help=character_help(token.text))


_UNREADABLE = {SINGLE_QUOTED: _single_quoted, UNCLOSED_STRING: _unclosed_string, UNKNOWN: _unknown}
