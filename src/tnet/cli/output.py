"""What goes to the terminal: diagnostics, and how wide and colourful it is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import TextIO

from ..diagnostics import Diagnostic

UNLIMITED = 10_000


def report(diagnostics: Sequence[Diagnostic], format: str = "full") -> None:
    """Print diagnostics for people on stderr."""
    show(diagnostics, format, sys.stderr)


def show(diagnostics: Sequence[Diagnostic], format: str, stream: TextIO | None = None) -> None:
    """Print diagnostics in one of the formats of `tnet.diagnostics.render`; on stdout where no stream is given."""
    from ..diagnostics.render import COLOURED, RENDERERS

    stream = stream or sys.stdout
    options = {"color": colourful(stream)} if format in COLOURED else {}
    if format == "sarif":
        options["explain"] = _markdown
    text = RENDERERS[format](diagnostics, **options)
    if text:
        print(text, file=stream)


def _markdown(code: str) -> str:
    from .pages import page

    return page(code).markdown


def colourful(stream: TextIO) -> bool:
    """Colour is for terminals, unless NO_COLOR is set (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """The columns of the terminal; without one, nothing needs to be folded."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNLIMITED
