"""Where an item that cannot be read ends: at the next separator or closing brace of its own level, or at a line that
can only be a new item because it stands no deeper than the first line of this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..source import Source
from .automaton import Cursor
from .scanner import CLOSERS, END, SEPARATOR, Scanner, Token

_DECLARATION = re.compile(
    r"(?:hyper|def|block|net|autograd|use)[ \t]+[A-Za-z_]|from[ \t]*\"|(?:parameters|data|train)[ \t]*(?:\w+[ \t]*)?\{"
)
_CONTINUES = re.compile(r"[ \t\r\f]*(?:[)\]}#\n]|->|else\b|$)")
_BLANK_TO_END = re.compile(r"[ \t\r\f]*(?:#[^\n]*)?(?:\n|$)")
_GAP = re.compile(r"[\s;\ufeff]+|#[^\n]*")
# Nothing is looked for behind more open brackets than this.
_DEEPEST = 1000
# In tokens; what is longer is taken to be closed.
_LOOK_AHEAD = 2000
# Before a brace, these say that it opens a map.
_BEFORE_MAP = frozenset("= ( [ , + - * / | & == != in".split())


@dataclass(slots=True)
class Item:
    """A declaration, a statement, a rule or a setting: the parser's state at its start, inside `depth` brackets.

    A `faulty` one has been reported.
    """

    cursor: Cursor
    depth: int
    first: Token
    faulty: bool = False


def indentation(source: Source, offset: int) -> int:
    """The blanks before the first character of the line that holds `offset`."""
    line = source.line(source.position(offset)[0])
    return len(line) - len(line.lstrip(" \t"))


def declares(scanner: Scanner, token: Token) -> bool:
    """Whether a token, no deeper than the first line of the text, begins a declaration."""
    text, start = scanner.source.text, token.span.start
    at_margin = token.first and indentation(scanner.source, start) <= _margin(scanner)
    return at_margin and bool(_DECLARATION.match(text, start))


def _margin(scanner: Scanner) -> int:
    """The indentation of the first token of the text."""
    return indentation(scanner.source, _after_gaps(scanner.source.text, 0))


def _after_gaps(text: str, position: int) -> int:
    """The first place from `position` on that is no blank, separator or comment."""
    while gap := _GAP.match(text, position):
        position = gap.end()
    return position


@dataclass(frozen=True, slots=True)
class Break:
    """Where an item really ends, before the token that does not fit: its text goes on at `position` as a new item.

    What it lacks is the closer of the bracket `opener`, or what should follow the operator `dangling`.
    """

    position: int
    opener: Token | None = None
    dangling: Token | None = None


def find_break(scanner: Scanner, item: Item, token: Token) -> Break | None:
    """What is missing if the fault lies before `token`: an unclosed bracket, or an operator at the end of a line."""
    brackets = scanner.brackets[item.depth :]
    if not brackets:
        return _after_dangling(scanner, item, token)
    limit, allowed = _next_text(scanner, token), indentation(scanner.source, item.first.span.start)
    for opener in brackets:
        newline = _new_line(scanner, opener, limit, allowed)
        if newline is not None:
            return Break(newline, [each for each in brackets if each.span.start < newline][-1])
    wrong_brace = token.text == "}" != CLOSERS[brackets[-1].text]
    return Break(scanner.position, brackets[-1]) if wrong_brace or token.type == END or token.text == ";" else None


def _new_line(scanner: Scanner, opener: Token, limit: int, allowed: int) -> int | None:
    """The newline before the first line, up to `limit`, that looks like a new item although `opener` is not closed."""
    source = scanner.source
    for newline in _newlines(source.text, opener.span.end, limit):
        if not _CONTINUES.match(source.text, newline + 1) and indentation(source, newline + 1) <= allowed:
            return None if _hangs(scanner, opener) else newline
    return None


def _hangs(scanner: Scanner, opener: Token) -> bool:
    """Whether a bracket at the end of its line is closed at the start of another, however its contents are indented."""
    if not _BLANK_TO_END.match(scanner.source.text, opener.span.end):
        return False
    probe = Scanner(scanner.terminals, scanner.source, opener.span.start, scanner.end)
    for _ in range(_LOOK_AHEAD):
        token = probe.read()
        closes = token.text in CLOSERS.values() and token.text == CLOSERS[probe.brackets[-1].text]
        if closes and len(probe.brackets) == 1:
            return token.first
        if token.type == END or (token.text in CLOSERS.values() and not closes):
            return False
        probe.accept(token)
    return True


def _after_dangling(scanner: Scanner, item: Item, token: Token) -> Break | None:
    """Reads the item again, up to the token, in search of a line that the operator before it joined to the item."""
    allowed = indentation(scanner.source, item.first.span.start)
    probe = Scanner(scanner.terminals, scanner.source, item.first.span.start, token.span.end)
    while (read := probe.read()).type != END:
        previous = probe.previous
        if previous and previous.text not in (",", ":") and not probe.brackets and _is_joined(read, probe, allowed):
            return Break(previous.span.end, dangling=previous)
        probe.accept(read)
    return None


def _is_joined(token: Token, scanner: Scanner, allowed: int) -> bool:
    """Whether a token outside brackets starts a line that looks like a new item but goes on with the one before."""
    start = token.span.start
    begins = token.first and not _CONTINUES.match(scanner.source.text, start)
    return begins and indentation(scanner.source, start) <= allowed


def _next_text(scanner: Scanner, token: Token) -> int:
    """The start of the first token that is no separator, from `token` on."""
    if token.type != SEPARATOR:
        return token.span.start
    return _after_gaps(scanner.source.text, token.span.start)


def _newlines(text: str, start: int, end: int):
    while 0 <= (start := text.find("\n", start, end)):
        yield start
        start += 1


def skip(scanner: Scanner, item: Item, into_body: bool) -> None:
    """Move the scanner to the end of an item; with `into_body`, at most to the brace that opens its body."""
    allowed = indentation(scanner.source, item.first.span.start)
    while True:
        token = scanner.read()
        inside = len(scanner.brackets) > item.depth
        if len(scanner.brackets) > _DEEPEST:
            scanner.position = scanner.end
            return
        if token.type == END or (_breaks_out if inside else _ends)(token, item, scanner, into_body):
            return
        if _may_end(token, scanner, item) and _is_joined(token, scanner, allowed):
            return
        if token.text in CLOSERS.values():
            _unwind(scanner, item.depth, token)
        scanner.accept(token)


def _may_end(token: Token, scanner: Scanner, item: Item) -> bool:
    """Whether a new line can be a new item here: not in braces, and not in a bracket whose contents have own lines."""
    if token.span.start == item.first.span.start or scanner.previous.type == SEPARATOR:
        return False
    if len(scanner.brackets) == item.depth:
        return True
    return scanner.brackets[-1].text != "{" and not _hangs(scanner, scanner.brackets[-1])


def _ends(token: Token, item: Item, scanner: Scanner, into_body: bool) -> bool:
    """Whether a token outside the item's own brackets is no part of the item any more."""
    if token.type == SEPARATOR:
        in_head = token.text == ";" and into_body and item.first.type == "FOR"  # `for i = 0; i < n; …`
        return not in_head and not _is_stray(item, scanner, token)
    if token.text == "{":
        return into_body and (scanner.previous is None or scanner.previous.text not in _BEFORE_MAP)
    return token.text == "}" and item.depth > 0


def _is_stray(item: Item, scanner: Scanner, separator: Token) -> bool:
    """Whether indented text goes on between declarations: what is left of a body closed too early, or the body of
    something that is none of this language, as a class of Python.
    """
    if item.depth > 0:
        return False
    source = scanner.source
    following = _next_text(scanner, separator)
    margin = _margin(scanner)
    is_left_over = indentation(source, item.first.span.start) > margin
    return indentation(source, following) > margin or (is_left_over and source.text.startswith("}", following))


def _breaks_out(token: Token, item: Item, scanner: Scanner, into_body: bool) -> bool:
    """Whether a token shows that the bracket it is in is never closed."""
    local = scanner.brackets[item.depth :]
    if local[-1].text == "{":
        return False
    if token.text == "{" and into_body:
        return bool(_BLANK_TO_END.match(scanner.source.text, token.span.end))
    if token.text == ";":
        return not (into_body and item.first.type == "FOR")  # `for (i = 0; i < n; …)`
    return token.text == "}" and item.depth > 0 and all(each.text != "{" for each in local)


def _unwind(scanner: Scanner, depth: int, closer: Token) -> None:
    """Forget the brackets that were left open inside the one that `closer` closes."""
    for index in range(len(scanner.brackets) - 1, depth - 1, -1):
        if CLOSERS[scanner.brackets[index].text] == closer.text:
            del scanner.brackets[index + 1 :]
            return
