"""A difference for the terminal: what is added, removed and changed, under what it is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .difference import Difference, Line
from .merge import ADDED, CHANGED, REMOVED

SIGNS = {ADDED: "+", REMOVED: "-", CHANGED: "~"}
STYLES = {ADDED: "green", REMOVED: "red", CHANGED: "magenta"}
TITLES = {"totals": "in all", "effects": "what the rules say of parameters"}


def printed(it: Difference) -> Iterator[Any]:
    """Renderables of rich, top down; nothing of parts that are the same."""
    from rich.text import Text

    before, after = it.names
    yield Text(f"- {before}", STYLES[REMOVED])
    yield Text(f"+ {after}", STYLES[ADDED])
    if not it:
        yield Text("\nno difference")
    for about, lines in it.lines.items():
        if lines:
            yield Text(f"\n{TITLES.get(about, about)}", "bold")
            yield _table(lines)


def _table(lines: tuple[Line, ...]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False, show_header=False)
    for _ in range(2):
        table.add_column(overflow="fold")
    for line in lines:
        said = " → ".join(filter(None, (line.before, line.after)))
        if line.mark == CHANGED and not (line.before and line.after):
            said = f"{line.before or 'not given'} → {line.after or 'not given'}"
        style = STYLES[line.mark]
        table.add_row(Text(f"  {SIGNS[line.mark]} {line.what}", style), Text(said, style))
    return table
