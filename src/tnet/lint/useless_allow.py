"""A comment `# tnet: allow(…)` that silences nothing.

The code in it is no lint, or the line below gives no such lint (any more), or the comment cannot be read. Left in
place it would hide the next lint that somebody writes there.

Remove the comment, or the code from it. Where a lint comes and goes with a hyper-parameter, keep the comment with this
code beside the other: `# tnet: allow(TN1004, TN1023)`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, did_you_mean, warning
from .allow import Allow, allows
from .context import Context
from .registry import LINTS, lint

CODE = "TN1023"

WRONG = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  # tnet: allow(TN1004)
  Linear(2)
}
"""

RIGHT = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  # tnet: allow(TN1004)
  Linear(4)
  BatchNorm1d
  Linear(2)
}
"""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for allow in allows(context.tree):
        if not allow.codes:
            message = "a comment for tnet that is not understood"
            yield warning(CODE, message, allow.span, help="write `# tnet: allow(TN1004)`, with the codes to silence")
        elif not any(code == CODE for code, _ in allow.codes):
            yield from _useless(allow, context)


def _useless(allow: Allow, context: Context) -> Iterator[Diagnostic]:
    given = {each.code for each in context.found if allow.is_line_of(each)}
    for code, span in allow.codes:
        if code in given:
            continue
        if code not in LINTS:
            yield warning(CODE, f"`{code}` is no lint", span, help=did_you_mean(code, LINTS) or _range())
        else:
            yield warning(CODE, f"there is no {code} here to allow", span, help="remove it")


def _range() -> str:
    return f"lints are {min(LINTS)} to {max(LINTS)}"
