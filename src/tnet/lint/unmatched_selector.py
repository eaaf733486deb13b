"""A class, block or category in a selector that nothing in the net is.

A path that matches nothing is an error, since it is mistyped. A known class or `:category` may match nothing here and
something at another `depth`, so it is only worth a look: the rule does nothing now.

Check the name, or put the rule into `if depth >= 50 { … }`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from .context import Context
from .registry import lint

CODE = "TN1022"

WRONG = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(2)
}

parameters {
  Conv2d.weight { init = zeros }
}
"""

RIGHT = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(2)
}

parameters {
  Linear.weight { init = zeros }
}
"""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for table in context.tables.values():
        for message, span in table.matcher.unmatched:
            yield warning(CODE, message, span, help="the rule does nothing here: check the name, or remove it")
