"""Text of a spec as a docstring."""

from __future__ import annotations

import textwrap

from .printing import WIDTH


def docstring(text: str, indent: str = "") -> list[str]:
    """The lines of a docstring that reads as `text`, whatever that holds."""
    lines = [line for paragraph in escaped(text).splitlines() for line in _wrapped(paragraph, WIDTH - len(indent) - 6)]
    if len(lines) <= 1:
        return [f'{indent}"""{"".join(lines)}"""']
    first, *rest = lines
    return [f'{indent}"""{first}', *(f"{indent}{line}".rstrip() for line in rest), f'{indent}"""']


def _wrapped(paragraph: str, width: int) -> list[str]:
    return textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False) or [""]


def escaped(text: str) -> str:
    """The text with whatever could end the string, or not be seen, as an escape."""
    shown = "".join(
        char if char == "\n" or char.isprintable() and char != "\\" else repr(char)[1:-1] for char in text.strip()
    )
    shown = shown.replace('"""', '\\"\\"\\"')
    return f'{shown[:-1]}\\"' if shown.endswith('"') else shown
