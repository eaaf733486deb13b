"""Text of a spec made safe to print: a terminal must not obey it, and no character may hide or reorder others."""

from __future__ import annotations

import re

# Control characters, and the format characters that reverse the direction of text or take no room.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    """`text` on one line, with unsafe characters written as escapes."""
    return _UNSAFE.sub(_escaped, text)


def lines(text: str) -> str:
    """`text` with its line breaks kept, each line made safe."""
    return "\n".join(map(escape, text.split("\n")))


def _escaped(match: re.Match) -> str:
    character = match[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
