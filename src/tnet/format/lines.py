"""Lines of formatted text, and the columns in which they line up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..syntax import ast
from .roles import Column

_BEFORE_COMMENT = 2


@dataclass(slots=True)
class Line:
    """One line, from the token at offset `start`.

    `place` is the index in its text of what stands in `column`, `origin` the column of that in the source.
    """

    indent: int
    start: int = -1
    text: str = ""
    blank: bool = False
    comment: ast.Comment | None = None
    column: Column | None = None
    place: int = 0
    origin: int = 0

    @property
    def width(self) -> int:
        return self.indent + len(self.text)


def join_lines(lines: list[Line]) -> str:
    """The text of all lines, what stands in columns and the comments behind them lined up."""
    for run in _runs(lines, _share_column):
        place = max(line.place for line in run)
        for line in run:
            line.text = line.text[: line.place] + " " * (place - line.place) + line.text[line.place :]
    for run in _runs(lines, _share_comment_column):
        _add_comments(run)
    return "".join(
        ("\n" if line.blank else "") + " " * line.indent * bool(line.text) + f"{line.text}\n" for line in lines
    )


def _runs(lines: list[Line], together: Callable[[Line, Line], bool]) -> Iterator[list[Line]]:
    """The lines, cut wherever two neighbours do not stand together."""
    run: list[Line] = []
    for line in lines:
        if run and not together(run[-1], line):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _share_column(above: Line, below: Line) -> bool:
    if above.column is None or below.column is None or below.blank or above.indent != below.indent:
        return False
    return above.column.kind == below.column.kind and (above.column.always or above.origin == below.origin)


def _share_comment_column(above: Line, below: Line) -> bool:
    if above.comment is None or below.comment is None or below.blank:
        return False
    return _comment_column(above.comment) == _comment_column(below.comment)


def _add_comments(run: list[Line]) -> None:
    """Comments that the author put right behind the text stay so; where there was more room, it is kept."""
    if run[0].comment is None:
        return
    column = max(line.width for line in run) + _BEFORE_COMMENT
    if all(_gap(line.comment) > _BEFORE_COMMENT for line in run):
        source = run[0].comment.span.source
        shift = run[0].indent - source.position(run[0].start)[1] + 1
        column = max(column, _comment_column(run[0].comment) + shift)
    for line in run:
        line.text += " " * (column - line.width) + line.comment.text


def _comment_column(comment: ast.Comment) -> int:
    return comment.span.column - 1


def _before(comment: ast.Comment) -> str:
    return comment.span.source.line(comment.span.line)[: comment.span.column - 1]


def _gap(comment: ast.Comment) -> int:
    return len(_before(comment)) - len(_before(comment).rstrip())
