"""A parameter rule that later rules hide altogether.

Later rules win, property by property. Where each property of a rule is set again for every parameter that it holds
for, it does nothing, most often because a general rule stands below a special one.

Put general rules first and special ones after them, or remove the rule. `tnet why` shows which rule set a property.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .registry import lint

if TYPE_CHECKING:
    from ..parameters import Entry

CODE = "TN1013"

WRONG = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(8)
  ReLU
  head: Linear(2)
}

parameters {
  head.weight   { init = zeros }
  Linear.weight { init = xavier_normal }
}
"""

RIGHT = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  Linear(8)
  ReLU
  head: Linear(2)
}

parameters {
  Linear.weight { init = xavier_normal }
  head.weight   { init = zeros }
}
"""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    in_force, hidden = set(), {}
    for table in context.tables.values():
        for entry in (each for part in (table.entries, table.modules) for each in _entries(part)):
            in_force.add(id(entry.rule))
            before = entry
            for each in entry.history():
                hidden.setdefault((id(each.rule), each.property.name), before)
                before = each
    for rule in (rule for rules in context.program.rules.values() for rule in rules):
        over = [hidden.get((id(rule), each.name)) for each in rule.properties]
        if over and None not in over and id(rule) not in in_force:
            place = rule.selectors[0].span.to(rule.selectors[-1].span)
            note = Note(f"`{over[0].property.name}` is set again here", over[0].property.span)
            yield warning(
                CODE, f"later rules set all that `{rule}` sets", place, note,
                help="put it after them, or remove it; the last rule that holds for a parameter wins",
            )  # fmt: skip


def _entries(of: Mapping[str, Mapping[str, Entry]]) -> Iterator[Entry]:
    return (entry for properties in of.values() for entry in properties.values())
