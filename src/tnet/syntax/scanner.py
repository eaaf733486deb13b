"""The scanner in front of the parser: it drops blanks and comments, decides which newlines separate, keeps offsets.

The terminals are the grammar's own. A token is read for the state the parser is in, so that a word is a keyword only
where the grammar allows that keyword.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..source import Source, Span
from . import ast

END = "$END"
SEPARATOR = "_SEP"
UNCLOSED_STRING = "$UNCLOSED_STRING"
SINGLE_QUOTED = "$SINGLE_QUOTED"
UNKNOWN = "$UNKNOWN"

CLOSERS = {"(": ")", "[": "]", "{": "}"}

# A newline after one of these, or before one of `_LEADING`, joins two lines.
_TRAILING = frozenset(
    "= += -= *= /= @= == != <= >= < > + - * / // % ** @ & | ~ : , -> .. and or not".split()
)  # fmt: skip
_LEADING = re.compile(r"->|else\b|[)\]]")
_WORD_OPERATORS = frozenset(["AND", "OR", "NOT"])
_NEVER_TRAILING = frozenset(["NAME", "STRING", "SELECTOR"])

_GAP = re.compile(r"[ \t\r\f]+|\n|;|#[^\n]*")
_BLANKS = " \t\r\f\ufeff"
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNREADABLE = re.compile(r"'[^'\n]*'|\"[^\n]*|[^\W\d]+|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A terminal of the grammar, or one of this module's names for text that is none; `value` is what it means."""

    type: str
    text: str
    span: Span
    value: object = None

    @property
    def first(self) -> bool:
        """Whether nothing but blanks stands before it on its line."""
        return is_first(self.span)


def is_first(span: Span) -> bool:
    """Whether nothing but blanks stands before a span on its line."""
    text, offset = span.source.text, span.start
    while offset > 0 and text[offset - 1] in _BLANKS:
        offset -= 1
    return offset == 0 or text[offset - 1] == "\n"


class Terminals:
    """The grammar's terminals, sorted by how the scanner looks for them.

    `definitions` has ("str", text) or ("re", pattern) for each name.
    """

    def __init__(self, definitions: Mapping[str, tuple[str, str]]):
        self.selector = re.compile(definitions["SELECTOR"][1])
        self.symbols: dict[str, str] = {}
        self.keywords: dict[str, list[tuple[str, str | None]]] = {}
        for name, (kind, pattern) in definitions.items():
            self._sort(name, kind, pattern)
        classes = [f"(?P<{name}>{definitions[name][1]})" for name in ("NAME", "FLOAT", "INT", "STRING")]
        symbols = sorted(map(re.escape, self.symbols), key=len, reverse=True)
        self.token = re.compile("|".join([*classes, *symbols]))

    def _sort(self, name: str, kind: str, pattern: str) -> None:
        """A keyword is a word, alone or followed by a condition on what comes next."""
        if kind == "re":
            if word := re.match(r"([a-z]+)\(\?", pattern):
                self.keywords.setdefault(word[1], []).append((name, pattern))
        elif _WORD.fullmatch(pattern):
            self.keywords.setdefault(pattern, []).append((name, None))
        else:
            self.symbols[pattern] = name


class Scanner:
    """Reads the tokens of `source` from `start` up to `end`.

    `read` looks at the next token and changes nothing; `accept` moves past it. `brackets` are those open here,
    outermost first; `misaligned` is a closed brace that may be the one left open where a later one seems so;
    `end_in_words` says what stands at `end`.
    """

    def __init__(self, terminals: Terminals, source: Source, start: int = 0, end: int | None = None):
        self.terminals = terminals
        self.source = source
        self.position = start
        self.end = len(source.text) if end is None else end
        self.end_in_words = "the end of the text" if end is None else "`}`"
        self.brackets: list[Token] = []
        self.previous: Token | None = None
        self.misaligned: Token | None = None
        self._comments: dict[int, ast.Comment] = {}

    @property
    def comments(self) -> tuple[ast.Comment, ...]:
        return tuple(self._comments[offset] for offset in sorted(self._comments))

    def read(self, allowed: Collection[str] = _WORD_OPERATORS) -> Token:
        """The next token, for a parser that takes the terminals `allowed` here; without one, most words are names."""
        text, position, separator = self.source.text, self.position, None
        while position < self.end and (gap := _GAP.match(text, position, self.end)):
            character = text[position]
            if character == "#":
                self._keep_comment(gap)
            elif character == ";" or (character == "\n" and separator is None):
                separator = position if separator is None or text[separator] != ";" else separator
            position = gap.end()
        if separator is not None and self._separates(separator, position):
            return Token(SEPARATOR, text[separator], self.source.span(separator, separator + 1))
        return self._token(position, allowed)

    def accept(self, token: Token) -> None:
        """Move past a token that `read` gave."""
        self.position = token.span.end
        self.previous = token
        if token.text in CLOSERS:
            self.brackets.append(token)
        elif self.brackets and token.text == CLOSERS[self.brackets[-1].text]:
            self._close(self.brackets.pop(), token)

    def _close(self, opener: Token, closer: Token) -> None:
        """Remember a brace whose closer stands further left than it should, as if it closed another."""
        line = self.source.line(self.source.position(opener.span.start)[0])
        if closer.first and closer.text == "}" and closer.span.column - 1 < len(line) - len(line.lstrip(" \t")):
            self.misaligned = opener

    def _keep_comment(self, gap: re.Match) -> None:
        text = gap[0].rstrip()
        span = self.source.span(gap.start(), gap.start() + len(text))
        self._comments[span.start] = ast.Comment(span, text, is_first(span))

    def _separates(self, separator: int, following: int) -> bool:
        """Whether the newline or semicolon at `separator` ends a statement."""
        text, previous = self.source.text, self.previous
        if previous is None or previous.type == SEPARATOR or previous.type == "LBRACE":
            return False
        if following >= self.end or text[following] == "}":
            return False
        if text[separator] == ";":
            return True
        if self.brackets and self.brackets[-1].text != "{":
            return False
        if previous.text in _TRAILING and previous.type not in _NEVER_TRAILING:
            return False
        return not _LEADING.match(text, following, self.end)

    def _token(self, position: int, allowed: Collection[str]) -> Token:
        if position >= self.end:
            return Token(END, "", self.source.span(self.end, self.end))
        kind, text = self._match(position, allowed)
        return Token(kind, text, self.source.span(position, position + len(text)))

    def _match(self, position: int, allowed: Collection[str]) -> tuple[str, str]:
        text = self.source.text
        if "SELECTOR" in allowed and (found := self.terminals.selector.match(text, position, self.end)):
            kind = self._keyword(found[0], position, allowed) or "SELECTOR"
            return kind, found[0]
        if found := self.terminals.token.match(text, position, self.end):
            kind = found.lastgroup or self.terminals.symbols[found[0]]
            if kind == "NAME":
                kind = self._keyword(found[0], position, allowed) or "NAME"
            return kind, found[0]
        found = _UNREADABLE.match(text, position, self.end)
        kinds = {"'": SINGLE_QUOTED if len(found[0]) > 1 else UNKNOWN, '"': UNCLOSED_STRING}
        return kinds.get(found[0][0], UNKNOWN), found[0].rstrip("\r")

    def _keyword(self, word: str, position: int, allowed: Collection[str]) -> str | None:
        for name, pattern in self.terminals.keywords.get(word, ()):
            if name in allowed and (pattern is None or re.compile(pattern).match(self.source.text, position)):
                return name
        return None
