"""Tables as text, as wide as they are or folded to a width."""

from __future__ import annotations

import io
from typing import Any

UNLIMITED = 10_000
"""The width of a text that goes to a file or a pipe: nothing is folded."""


def rendered(content: Any, width: int = UNLIMITED) -> str:
    """What rich makes of a renderable, without colour and without blanks at the ends of lines."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False, markup=False, emoji=False)
    console.print(content)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())
