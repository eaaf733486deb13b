"""From tokens to lines: where lines break, how they are indented, where comments go.

Breaks are the author's, with three exceptions. In a body over several lines each statement has lines of its own. A
bracket with a break beside it or after one of its commas has its contents on lines of their own. A body on one line
that does not fit is broken up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from ..syntax import ast
from .lexemes import CLOSERS, Lexeme, lexemes_of
from .lines import Line, join_lines
from .roles import roles_of
from .spacing import space_out

WIDTH = 120
_INDENT = 2


def lay_out(tree: ast.Tree) -> str:
    """The canonical text of a tree without errors."""
    return _Layout(tree).run()


class _Place(Enum):
    """Where a token stands: first in its bracket, first of a statement, after a comma, at the end of its bracket."""

    OPENED = auto()
    ITEM = auto()
    COMMA = auto()
    CLOSING = auto()
    INSIDE = auto()


@dataclass(slots=True)
class _Open:
    """A bracket that is open: whether its contents have lines of their own, the indent of the line it stands on."""

    lexeme: Lexeme
    exploded: bool
    indent: int

    @property
    def content(self) -> int:
        return self.indent + _INDENT * self.exploded


class _Layout:
    def __init__(self, tree: ast.Tree):
        self.source = tree.source
        self.roles = roles_of(tree)
        self.lexemes = lexemes_of(tree, self.roles)
        space_out(self.lexemes, self.roles)
        self.lines: list[Line] = []
        self.open: list[_Open] = []
        self.after_braced = False

    def run(self) -> str:
        before = None
        for index, lexeme in enumerate(self.lexemes):
            self._add(index, lexeme, before)
            before = lexeme
        return join_lines(self.lines)

    def _add(self, index: int, lexeme: Lexeme, before: Lexeme | None) -> None:
        """Add a token with the comments before it."""
        place = self._place(lexeme, before)
        if place is _Place.CLOSING and self.open[-1].exploded and self._wants_comma(before):
            self.lines[-1].text += ","
        breaks = before is None or bool(lexeme.remarks) or self._breaks(place, lexeme, before)
        indent = self._indent(place, lexeme)
        blank = self._add_remarks(place, lexeme, before, indent)
        if place is _Place.CLOSING:
            indent = self.open.pop().indent
        if not lexeme.text:
            return
        if breaks:
            self.lines.append(Line(indent, lexeme.start, blank=blank and place is not _Place.CLOSING))
        else:
            self.lines[-1].text += lexeme.gap
        self._write(index, lexeme)

    def _place(self, lexeme: Lexeme, before: Lexeme | None) -> _Place:
        inner = self.open[-1].lexeme if self.open else None
        if inner and self.lexemes[inner.closer] is lexeme:
            return _Place.CLOSING
        if before is None or before is inner:
            return _Place.OPENED
        if lexeme.separated or not lexeme.text or before.end in self.roles.after_forward:
            return _Place.ITEM
        if before.text == "," and inner and not self._is_body(inner):
            return _Place.COMMA
        return _Place.INSIDE

    def _is_body(self, opener: Lexeme) -> bool:
        return opener.text == "{" and opener.start not in self.roles.maps

    def _wants_comma(self, before: Lexeme) -> bool:
        opener = self.open[-1].lexeme
        return not (before is opener or self._is_body(opener) or opener.start in self.roles.groupings)

    def _breaks(self, place: _Place, lexeme: Lexeme, before: Lexeme) -> bool:
        """Whether a token without comments before it starts a line."""
        if place is _Place.INSIDE:
            after_label = before.text == ":" and lexeme.text == "{"
            after_lines = lexeme.text == "else" and self.lines[-1].start == before.start
            return lexeme.broken and not after_label and not after_lines
        exploded = not self.open or self.open[-1].exploded
        return exploded and (lexeme.broken or place is not _Place.COMMA)

    def _indent(self, place: _Place, lexeme: Lexeme) -> int:
        """The indent of the contents of a bracket, or of a line that goes on with the one above."""
        content = self.open[-1].content if self.open else 0
        goes_on = place is _Place.INSIDE and lexeme.text != "else"
        return content + _INDENT * goes_on

    def _write(self, index: int, lexeme: Lexeme) -> None:
        """Add a token to the last line."""
        line, column = self.lines[-1], lexeme.column
        place = len(line.text)
        line.text += lexeme.text
        exploded = lexeme.closer >= 0 and self._explodes(index, lexeme)
        if column and line.start == column.item and not (exploded and column.kind == "rule"):
            line.column, line.place, line.origin = column, place, self.source.position(lexeme.start)[1]
        if lexeme.closer >= 0:
            self.open.append(_Open(lexeme, exploded, line.indent))

    def _explodes(self, index: int, opener: Lexeme) -> bool:
        """Whether the contents of a bracket have lines of their own."""
        first, closer = self.lexemes[index + 1], self.lexemes[opener.closer]
        if first is closer:
            return bool(closer.remarks)
        if self._is_body(opener):
            return "\n" in self.source.text[opener.start : closer.start] or not self._fits(index)
        return first.broken or closer.broken or any(self.lexemes[comma + 1].broken for comma in self._commas(index))

    def _commas(self, index: int) -> Iterator[int]:
        """The indices of the commas right inside the bracket at `index`."""
        closer = self.lexemes[index].closer
        index += 1
        while index < closer:
            if self.lexemes[index].text == ",":
                yield index
            index = max(index, self.lexemes[index].closer) + 1

    def _fits(self, index: int) -> bool:
        """Whether the rest of the line that the body at `index` is on has room."""
        width, depth = self.lines[-1].width, 1
        ends = {self.lexemes[each.lexeme.closer].start for each in self.open if each.exploded}
        for lexeme in map(self.lexemes.__getitem__, range(index + 1, len(self.lexemes))):
            if lexeme.broken or lexeme.start in ends or not lexeme.text or (lexeme.separated and depth == 0):
                return True
            width += len(lexeme.gap) + len(lexeme.text)
            if width > WIDTH:
                return False
            depth += (lexeme.closer >= 0) - (lexeme.text in CLOSERS.values())
        return True

    # ---- comments and blank lines ------------------------------------------------------------------------------------

    def _add_remarks(self, place: _Place, lexeme: Lexeme, before: Lexeme | None, indent: int) -> bool:
        """Add the comments before a token; True where a blank line is wanted between them and it."""
        may_be_blank = place not in (_Place.OPENED, _Place.INSIDE) and not (before and before.text in CLOSERS)
        owed = self._owes_blank(lexeme)
        for index, remark in enumerate(lexeme.remarks):
            if index == 0 and before and not remark.comment.own_line:
                self.lines[-1].comment = remark.comment
                continue
            blank = may_be_blank and (remark.blank or owed)
            self.lines.append(Line(indent, text=remark.comment.text, blank=blank))
            may_be_blank, owed = place is not _Place.INSIDE, False
        return may_be_blank and (lexeme.blank or owed)

    def _owes_blank(self, lexeme: Lexeme) -> bool:
        """Whether a blank line must stand between a declaration and the one before it, and the author wrote none."""
        if self.open or lexeme.start not in self.roles.declarations:
            return False
        braced, self.after_braced = self.after_braced, self.roles.declarations[lexeme.start]
        written = lexeme.blank or any(remark.blank for remark in lexeme.remarks)
        return bool(self.lines) and (braced or self.after_braced) and not written
