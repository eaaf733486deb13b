"""Text to syntax tree. There is always a tree; what could not be read is an error node and a diagnostic."""

from __future__ import annotations

from lark.exceptions import UnexpectedToken

from ..diagnostics import Diagnostic, SpecError
from ..source import Source
from . import ast, literals
from .grammar import parser, terminals
from .scanner import END, Scanner


class Reader:
    def __init__(self, source, start, begin=0, end=None):
        self.scanner = Scanner(terminals(), source, begin, end)
        self.cursor = parser().parse_interactive("", start=start)
        self.diagnostics = []

    def run(self):
        while True:
            token = self.scanner.read(self.cursor.choices())
            token = self._valued(token)
            result = self.cursor.feed_token(token)
            if token.type == END:
                return result
            self.scanner.accept(token)

    def _valued(self, token):
        import dataclasses
        if token.type in ("INT", "FLOAT"):
            return dataclasses.replace(token, value=literals.number(token))
        if token.type == "STRING":
            return dataclasses.replace(token, value=literals.string(token, lambda s, a, b: Reader(s, "lone_value", a, b).run()))
        return token


def parse(source: Source) -> ast.Tree:
    reader = Reader(source, "spec")
    declarations = reader.run()
    return ast.Tree(source, declarations, reader.scanner.comments, tuple(reader.diagnostics))
