"""The tokens of a tree's text with what the layout needs to know of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..syntax import ast, tokens
from .roles import Column, Roles

CLOSERS = {"(": ")", "[": "]", "{": "}"}
_SEPARATORS = ("\n", ";")


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment, and whether a blank line stands before it."""

    comment: ast.Comment
    blank: bool


@dataclass(slots=True)
class Lexeme:
    """A token, and what the author put between it and the token before it.

    `separated`: a statement ends there. `broken`: a line does. `blank`: an empty line stands right before the token.
    `gap` is what stands before it on one line. `column`: it may stand in a column with others. `closer`: for a bracket,
    the index of the one that closes it.
    """

    text: str
    start: int
    separated: bool = False
    broken: bool = False
    blank: bool = False
    remarks: list[Remark] = field(default_factory=list)
    gap: str = ""
    column: Column | None = None
    closer: int = -1

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def lexemes_of(tree: ast.Tree, roles: Roles) -> list[Lexeme]:
    """All tokens in order, the last one empty; commas before a closing bracket are left out."""
    result: list[Lexeme] = []
    for lexeme in _joined(tree, roles):
        if result and result[-1].text == ",":
            _take_over(lexeme, result[-1])
            if lexeme.text in CLOSERS.values():
                result.pop()
        result.append(lexeme)
    _find_columns(result, roles)
    _match_brackets(result)
    return result


def _joined(tree: ast.Tree, roles: Roles) -> Iterator[Lexeme]:
    """Each token with the separators and comments before it."""
    text, comments = tree.source.text, list(reversed(tree.comments))
    position, separated = 0, False
    for token in tokens(tree.source, roles.selectors):
        if token.text in _SEPARATORS:
            separated = True
            continue
        lexeme = Lexeme(token.text, token.span.start, separated, "\n" in text[position : token.span.start])
        while comments and comments[-1].span.start < lexeme.start:
            comment = comments.pop()
            lexeme.remarks.append(Remark(comment, text.count("\n", position, comment.span.start) > 1))
            position = comment.span.end
        lexeme.blank = text.count("\n", position, lexeme.start) > 1
        yield lexeme
        position, separated = lexeme.end, False


def _take_over(lexeme: Lexeme, comma: Lexeme) -> None:
    """What stands before a comma moves behind it."""
    lexeme.remarks = comma.remarks + lexeme.remarks
    lexeme.broken |= comma.broken
    comma.remarks, comma.broken = [], False


def _find_columns(lexemes: list[Lexeme], roles: Roles) -> None:
    for index, lexeme in enumerate(lexemes[:-2]):
        if lexeme.end in roles.columns:
            lexemes[index + 1].column = roles.columns[lexeme.end]
        elif lexeme.end in roles.labels:
            lexemes[index + 2].column = roles.labels[lexeme.end]


def _match_brackets(lexemes: list[Lexeme]) -> None:
    opened: list[Lexeme] = []
    for index, lexeme in enumerate(lexemes):
        if lexeme.text in CLOSERS:
            opened.append(lexeme)
        elif opened and lexeme.text == CLOSERS[opened[-1].text]:
            opened.pop().closer = index
