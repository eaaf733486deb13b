"""Blanks between two tokens of a line."""

from __future__ import annotations

from itertools import pairwise

from .lexemes import CLOSERS, Lexeme
from .roles import Roles

_TIGHT_BEFORE = frozenset([")", "]", ",", ";", ":", "."])
_TIGHT_AFTER = frozenset(["(", "[", "."])


def space_out(lexemes: list[Lexeme], roles: Roles) -> None:
    """Set the gaps of all tokens."""
    opened: list[Lexeme] = []
    tight = roles.unary | {after.start for before, after in pairwise(lexemes) if _is_keyword(before, after, roles)}
    for before, lexeme in pairwise(lexemes):
        if before.text in CLOSERS:
            opened.append(before)
        opener = opened[-1] if opened else None
        if lexeme.separated and before.end not in roles.after_forward:
            lexeme.gap = "; "
        elif before.start not in tight and not _is_tight(before, lexeme, opener, roles):
            lexeme.gap = " "
        if opener and lexeme.text == CLOSERS[opener.text]:
            opened.pop()


def _is_keyword(before: Lexeme, after: Lexeme, roles: Roles) -> bool:
    return after.text == "=" and before.end in roles.after_keyword


def _is_tight(before: Lexeme, after: Lexeme, opener: Lexeme | None, roles: Roles) -> bool:
    if before.text == "," and after.text == ":":
        return False
    if after.text in _TIGHT_BEFORE or before.text in _TIGHT_AFTER:
        return True
    if before.text == "{" or after.text == "}":
        return (opener is not None and opener.start in roles.maps) or (before.text == "{" and after.text == "}")
    if before.text == ":":
        return opener is not None and opener.text == "[" and opener.start not in roles.lists
    if after.text in ("(", "["):
        return after.start not in roles.loose and before.end not in roles.after_shape
    return _is_keyword(before, after, roles)
