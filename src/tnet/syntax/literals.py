"""What literals mean: numbers of 64 bits, and strings with their escapes and interpolated expressions."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..diagnostics import Diagnostic, SpecError, error
from ..source import Source, Span
from . import ast
from .scanner import Token

LARGEST_INTEGER = 2**63 - 1
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"'}

# All but the tab; with those that change the direction of text, so that a spec is what it looks like.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ESCAPE_HELP = 'write `\\\\` for a backslash; others are `\\n \\t \\r \\"`'
PYTHON_CONSTANTS = {"True": True, "False": False, "None": None}

ReadExpression = Callable[[Source, int, int], ast.Expr]


def number(token: Token) -> ast.Literal:
    """The literal of an INT or FLOAT token; an integer of more than 64 bits raises TN0901."""
    digits = token.text.replace("_", "")
    if token.type == "FLOAT":
        return ast.Literal(token.span, float(digits))
    significant = digits.lstrip("0") or "0"
    if len(significant) > len(str(LARGEST_INTEGER)) or int(significant) > LARGEST_INTEGER:
        raise error("TN0901", "an integer of more than 64 bits", token.span, help=f"the largest is {LARGEST_INTEGER}")
    return ast.Literal(token.span, int(significant))


def python_constant(token: Token) -> Diagnostic:
    """That `True`, `False` and `None` are written small."""
    small = token.text.lower()
    return Diagnostic(
        "TN0101", "error", f"`{token.text}` is written `{small}`", token.span, help=f"write `{small}`", fix=small
    )  # fmt: skip


def single_quoted(token: Token) -> ast.String | ast.ErrorNode:
    """What text in single quotes means, if that is plain."""
    text = token.text[1:-1]
    return ast.ErrorNode(token.span) if re.search(r"[{}\"\\]", text) else ast.String(token.span, (text,))


def string(token: Token, read_expression: ReadExpression) -> ast.String:
    """The node of a STRING token; `read_expression(source, start, end)` reads what stands between braces.

    Raises SpecError where an escape is unknown or a brace has no partner.
    """
    return ast.String(token.span, tuple(_Pieces(token.span, read_expression).read()))


class _Pieces:
    """Splits the text between the quotes into plain text and expressions."""

    def __init__(self, span: Span, read_expression: ReadExpression):
        self.source = span.source
        self.position = span.start + 1
        self.end = span.end - 1
        self.read_expression = read_expression

    def read(self):
        text = ""
        while self.position < self.end:
            character = self.source.text[self.position]
            if character == "{" and not self._doubled(character):
                if text:
                    yield text
                text = ""
                yield self._expression()
            else:
                text += self._plain(character)
        if text:
            yield text

    def _doubled(self, brace: str) -> bool:
        return self.source.text.startswith(brace * 2, self.position, self.end)

    def _plain(self, character: str) -> str:
        if character == "\\":
            return self._escape()
        if character in "{}":
            if not self._doubled(character):
                raise self._unpaired(character)
            self.position += 2
            return character
        if _CONTROL.match(character):
            raise error("TN0104", f"a control character (U+{ord(character):04X}) in a string", self._span(1))
        self.position += 1
        return character

    def _escape(self) -> str:
        escape = self.source.text[self.position + 1]
        if escape not in _ESCAPES:
            message = f"`\\{escape}` is no escape" if escape.isprintable() else "no escape"
            raise error("TN0101", message, self._span(2), help=_ESCAPE_HELP)
        self.position += 2
        return _ESCAPES[escape]

    def _expression(self) -> ast.Expr:
        start = self.position + 1
        end = self.source.text.find("}", start, self.end)
        if end < 0:
            raise self._unpaired("{")
        self.position = end + 1
        return self.read_expression(self.source, start, end)

    def _unpaired(self, brace: str) -> SpecError:
        message = f"a `{brace}` without its partner in a string"
        return error("TN0101", message, self._span(1), help=f"write `{brace * 2}` for the brace itself")

    def _span(self, length: int) -> Span:
        return self.source.span(self.position, self.position + length)
