"""Diagnostics of text that does not fit: what was found, what was expected, how to mend it."""

from __future__ import annotations

import unicodedata
from collections.abc import Set
from dataclasses import dataclass

from ..diagnostics import Diagnostic, Note
from .expectations import expected
from .recovery import Break, Item
from .scanner import CLOSERS, END, SEPARATOR, SINGLE_QUOTED, UNCLOSED_STRING, UNKNOWN, Scanner, Token
from .slips import character_help, help_for, keyword_help, step_help

_LONGEST_QUOTE = 40
_VALUES = frozenset({"NAME", "INT", "FLOAT", "STRING", "LPAR", "LSQB"})
_WITH_STEPS = ("net", "block", "autograd")


@dataclass(frozen=True, slots=True)
class Fault:
    """A token that does not fit, the item it is in, the terminals that would fit; `cause` where that lies before it.

    `section` is the first word of the declaration.
    """

    scanner: Scanner
    item: Item | None
    token: Token
    fitting: Set[str]
    cause: Break | None = None
    section: str = ""


def describe(fault: Fault) -> Diagnostic:
    """The diagnostic of a fault."""
    token, opener = fault.token, _open_bracket(fault)
    if fault.cause and fault.cause.dangling:
        return _dangling(fault.cause.dangling)
    if fault.cause and fault.cause.position < token.span.start:
        return _unclosed(fault.scanner, fault.cause.opener, _token_at(fault, fault.cause.position))
    if token.type in _UNREADABLE:
        return _UNREADABLE[token.type](token)
    if opener and (fault.cause or token.type == END or _closes_another(token, opener)):
        return _unclosed(fault.scanner, opener, token)
    if token.text in CLOSERS.values() and all(CLOSERS[each.text] != token.text for each in fault.scanner.brackets):
        return _unopened(token)
    if opener and opener.text == "{" and fault.item and fault.item.first.type in MISSING_VALUE:
        return _missing_value(opener, fault.item)
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


def _token_at(fault: Fault, position: int) -> Token:
    """The first token after a line break."""
    scanner = fault.scanner
    return Scanner(scanner.terminals, scanner.source, position + 1, scanner.end).read()


def _closes_another(token: Token, opener: Token) -> bool:
    return token.text in CLOSERS.values() and token.text != CLOSERS[opener.text]


def _dangling(operator: Token) -> Diagnostic:
    missing = "a step" if operator.text == "->" else "a value"
    message = f"expected {missing} after `{operator.text}`, found the end of the line"
    return Diagnostic("TN0101", "error", message, operator.span)


def _unclosed(scanner: Scanner, opener: Token, token: Token) -> Diagnostic:
    """Marks the bracket that was never closed; a wrong closer is marked itself."""
    if opener.text == "{" and scanner.misaligned and scanner.misaligned.span.start > opener.span.start:
        opener = scanner.misaligned
    closer = CLOSERS[opener.text]
    line = scanner.source.position(opener.span.start)[0]
    message = f"expected `{closer}` to close the `{opener.text}` at line {line}, found {found(token, scanner)}"
    if _closes_another(token, opener) and token.text != "}":
        note = Note(f"the `{opener.text}` is here", opener.span)
        return Diagnostic("TN0102", "error", message, token.span, (note,), fix=closer)
    note = Note(f"expected `{closer}` before this", token.span)
    return Diagnostic("TN0102", "error", message, opener.span, (note,), f"add the missing `{closer}`")


def _unopened(token: Token) -> Diagnostic:
    opener = next(opener for opener, closer in CLOSERS.items() if closer == token.text)
    message = f"unexpected `{token.text}`: no `{opener}` is open here"
    return Diagnostic("TN0102", "error", message, token.span, help=f"take the `{token.text}` away")


MISSING_VALUE = {
    "IF": "say what decides: `if depth > 18 { … }`",
    "FOR": "say what it goes over: `for i in range(n) { … }`",
    "REPEAT": "say how often: `repeat 3 { … }`",
}
"""What is missing before the braces of these."""


def _missing_value(opener: Token, item: Item) -> Diagnostic:
    """The braces after a missing condition were read as a map."""
    return Diagnostic(
        "TN0101", "error", "expected a value, found `{`", opener.span, help=MISSING_VALUE[item.first.type]
    )


def _unexpected(fault: Fault, opener: Token | None) -> Diagnostic:
    previous, token = fault.scanner.previous, fault.token
    wanted = expected(fault.fitting, previous.text if previous else "", bool(opener), fault.scanner.end_in_words)
    if previous and token.first and _is_after_item(fault):
        token = Token(SEPARATOR, "\n", token.span.source.span(previous.span.end, previous.span.end + 1))
    return Diagnostic(
        "TN0101", "error", f"expected {wanted}, found {found(token, fault.scanner)}", token.span, help=_help(fault)
    )


def _is_after_item(fault: Fault) -> bool:
    """Whether the token ends what the item is in, so that the item itself lacks something at its end."""
    token = fault.token
    return token.type in (END, "RBRACE") and fault.item is not None and token.span != fault.item.first.span


def _help(fault: Fault) -> str | None:
    item, previous = fault.item, fault.scanner.previous
    start = item.first.span.start if item else 0
    help = help_for(fault.token.span, start, fault.section if item and item.depth else "")
    if help is None and item and item.first.type == "NAME" and previous and previous.span == item.first.span:
        help = keyword_help(item.first.text, between_declarations=item.depth == 0)
    if help is None and item and item.depth and not _open_bracket(fault) and fault.section in _WITH_STEPS:
        help = step_help(fault.token.span, start)
    if help is None and "COMMA" in fault.fitting and fault.token.type in _VALUES and _open_bracket(fault):
        help = "values side by side are separated by `,`"
    return help


def found(token: Token, scanner: Scanner) -> str:
    """A token in words."""
    if token.type == END:
        return scanner.end_in_words
    if token.type == SEPARATOR and token.text != ";":
        return "the end of the line"
    return f"`{_shortened(token.text)}`"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"


def single_quoted(token: Token) -> Diagnostic:
    """That a string stands in single quotes; where one may stand, it is taken for what it means."""
    text = token.text[1:-1]
    fix = None if '"' in text or len(text) > _LONGEST_QUOTE else f'"{text}"'
    return Diagnostic(
        "TN0104", "error", "strings stand in double quotes", token.span, help=fix and f"write `{fix}`", fix=fix
    )  # fmt: skip


def _unclosed_string(token: Token) -> Diagnostic:
    help = 'end it with `"` on the same line; a line break inside is written `\\n`'
    return Diagnostic("TN0103", "error", "a string that is not closed", token.span, help=help)


def _unknown(token: Token) -> Diagnostic:
    code, printable = f"U+{ord(token.text[0]):04X}", token.text.isprintable()
    named = unicodedata.name(token.text[0], "a control character").lower()
    shown = f"`{_shortened(token.text)}`" if printable else named
    message = f"{shown}{'' if token.text.isascii() and printable else f' ({code})'} is not a character of the language"
    return Diagnostic("TN0104", "error", message, token.span, help=character_help(token.text))


_UNREADABLE = {SINGLE_QUOTED: single_quoted, UNCLOSED_STRING: _unclosed_string, UNKNOWN: _unknown}
