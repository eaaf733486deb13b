"""`# tnet: allow(TN1004)`: comments that silence lints.

One on lines of its own is for the line below the comments that it stands in, one at the end of a line for that line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..diagnostics import Diagnostic
from ..source import Span
from ..syntax import ast

DIRECTIVE = re.compile(r"#\s*tnet:\s*(?P<text>.*?)\s*$")
ALLOW = re.compile(r"allow\(\s*(?P<codes>\w+(\s*,\s*\w+)*)\s*\)")


@dataclass(frozen=True)
class Allow:
    """The codes of a comment with their places, and the line that it is for. None are known where it cannot be read."""

    span: Span
    line: int
    codes: tuple[tuple[str, Span], ...]

    def holds_for(self, diagnostic: Diagnostic) -> bool:
        return any(code == diagnostic.code for code, _ in self.codes) and self.is_line_of(diagnostic)

    def is_line_of(self, diagnostic: Diagnostic) -> bool:
        span = diagnostic.span
        return span is not None and span.source is self.span.source and span.line == self.line


def allows(tree: ast.Tree) -> Iterator[Allow]:
    """The comments of a spec that are meant for tnet."""
    own = {comment.span.line for comment in tree.comments if comment.own_line}
    for comment in tree.comments:
        if directive := DIRECTIVE.match(comment.text):
            line = comment.span.line
            while comment.own_line and line in own:
                line += 1
            yield Allow(comment.span, line, tuple(_codes(comment, directive)))


def _codes(comment: ast.Comment, directive: re.Match) -> Iterator[tuple[str, Span]]:
    allow = ALLOW.fullmatch(directive["text"])
    if allow is None:
        return
    start = comment.span.start + directive.start("text") + allow.start("codes")
    for each in re.finditer(r"\w+", allow["codes"]):
        yield each[0], comment.span.source.span(start + each.start(), start + each.end())
