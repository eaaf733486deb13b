"""The tokens of a text, without its grammar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..source import Source, Span
from .grammar import terminals
from .scanner import END, Scanner, Token


def tokens(source: Source, whole: Mapping[int, Span]) -> Iterator[Token]:
    """The tokens of a text that parses, separators among them, up to the one that marks its end.

    All words but `and`, `or` and `not` are names. `whole` holds spans, by where they start, that are one token each.
    """
    scanner = Scanner(terminals(), source, start=int(source.text.startswith("\ufeff")))
    while True:
        token = scanner.read()
        if token.span.start in whole and token.text != "\n":
            span = whole[token.span.start]
            token = Token("SELECTOR", span.text, span)
        yield token
        if token.type == END:
            return
        scanner.accept(token)
