"""Where an item that cannot be read ends: at the next separator or closing brace of its own level, or at a line that
can only be a new item because it stands no deeper than the first line of this one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..source import Source
from .scanner import CLOSERS, END, SEPARATOR, Scanner, Token

if TYPE_CHECKING:
    from .parser import Item

_DECLARATION = re.compile(
    r"(?:hyper|def|block|net|autograd|use)[ \t]+[A-Za-z_]|from[ \t]*\"|(?:parameters|data|train)[ \t]*(?:\w+[ \t]*)?\{"
)
_CONTINUES = re.compile(r"[ \t\r\f]*(?:[)\]}#\n]|->|else\b|$)")
_BLANK_TO_END = re.compile(r"[ \t\r\f]*(?:#[^\n]*)?(?:\n|$)")
# Before a brace, these say that it opens a map.
_BEFORE_MAP = frozenset("= ( [ , + - * / | & == != in".split())


def indentation(source: Source, offset: int) -> int:
    """The blanks before the first character of the line that holds `offset`."""
    line = source.line(source.position(offset)[0])
    return len(line) - len(line.lstrip(" \t"))


def declares(scanner: Scanner, token: Token) -> bool:
    """Whether a token, at the very start of a line, begins a declaration."""
    text, start = scanner.source.text, token.span.start
    return token.first and indentation(scanner.source, start) == 0 and bool(_DECLARATION.match(text, start))


def line_after_unclosed(scanner: Scanner, item: Item, token: Token) -> int | None:
    """Where to go on if what keeps `token` from fitting is a bracket of this item that is never closed."""
    opener = scanner.brackets[-1] if len(scanner.brackets) > item.depth else None
    if opener is None:
        return None
    closes_another = token.text in CLOSERS.values() and token.text != CLOSERS[opener.text]
    if token.type == END or token.text == ";" or (token.text == "}" and closes_another):
        return scanner.position
    source, limit = scanner.source, _next_text(scanner, token)
    if _BLANK_TO_END.match(source.text, opener.span.end):
        return None
    allowed = indentation(source, item.first.span.start)
    for newline in _newlines(source.text, opener.span.end, limit):
        if not _CONTINUES.match(source.text, newline + 1) and indentation(source, newline + 1) <= allowed:
            return newline
    return None


def _next_text(scanner: Scanner, token: Token) -> int:
    """The start of the first token that is no separator, from `token` on."""
    if token.type != SEPARATOR:
        return token.span.start
    return re.compile(r"(?:[\s;]|#[^\n]*)*").match(scanner.source.text, token.span.start).end()


def _newlines(text: str, start: int, end: int):
    while 0 <= (start := text.find("\n", start, end)):
        yield start
        start += 1


def skip(scanner: Scanner, item: Item, into_body: bool) -> None:
    """Move the scanner to the end of an item; with `into_body`, at most to the brace that opens its body."""
    allowed = indentation(scanner.source, item.first.span.start)
    while True:
        token = scanner.read()
        local = scanner.brackets[item.depth :]
        if token.type == END or (_breaks_out if local else _ends)(token, item, scanner, into_body):
            return
        if local and token.first and _is_new_line(token, local[-1], scanner.source, allowed):
            return
        _unwind(scanner, item.depth, token)
        scanner.accept(token)


def _ends(token: Token, item: Item, scanner: Scanner, into_body: bool) -> bool:
    """Whether a token outside the item's own brackets is no part of the item any more."""
    if token.type == SEPARATOR:
        return not _is_stray(item, scanner, token)
    if token.text == "{":
        return into_body and (scanner.previous is None or scanner.previous.text not in _BEFORE_MAP)
    return token.text == "}" and item.depth > 0


def _is_stray(item: Item, scanner: Scanner, separator: Token) -> bool:
    """Whether indented text between declarations, what is left of a body closed too early, goes on."""
    source = scanner.source
    following = _next_text(scanner, separator)
    is_left_over = item.depth == 0 and indentation(source, item.first.span.start) > 0
    return is_left_over and (indentation(source, following) > 0 or source.text.startswith("}", following))


def _breaks_out(token: Token, item: Item, scanner: Scanner, into_body: bool) -> bool:
    """Whether a token shows that the bracket it is in is never closed."""
    local = scanner.brackets[item.depth :]
    if local[-1].text == "{":
        return False
    if token.text == "{" and into_body:
        return bool(_BLANK_TO_END.match(scanner.source.text, token.span.end))
    return token.text == ";" or (token.text == "}" and item.depth > 0 and all(each.text != "{" for each in local))


def _is_new_line(token: Token, opener: Token, source: Source, allowed: int) -> bool:
    if opener.text == "{" or token.text in CLOSERS.values():
        return False
    hangs = _BLANK_TO_END.match(source.text, opener.span.end)
    return not hangs and indentation(source, token.span.start) <= allowed


def _unwind(scanner: Scanner, depth: int, closer: Token) -> None:
    """Forget the brackets that were left open inside the one that `closer` closes."""
    for index in range(len(scanner.brackets) - 1, depth - 1, -1):
        if CLOSERS[scanner.brackets[index].text] == closer.text:
            del scanner.brackets[index + 1 :]
            return
