"""Help for slips that come from other languages: what was meant, and how it is written here."""

from __future__ import annotations

import re

from ..diagnostics import did_you_mean
from ..source import Span

_LONGEST_BEFORE = 160
_DECLARATIONS = "hyper def from use block net autograd parameters data train".split()
_STATEMENTS = "for if else repeat return shape parameter buffer shared".split()

# Tried in order on the item up to the token that does not fit, `⟂`, and the rest of that line.
_SLIPS = [
    (r"⟂elif\b|(?:^|[}\s])elif\s*⟂", "write `else if`"),
    (r"^def\b.*⟂[:{]", "a `def` is one expression, `def half(v) = v // 2`; for steps write a `block`"),
    (r"^(?:if|for|else)\b.*⟂:", "a body stands in braces: `{ … }`"),
    (r"^while\s*⟂", "there is no `while`; write `for i in range(n) { … }` or `repeat n { … }`"),
    (r"^(?:class|model|module|network)\s*⟂", "write `net Name(x: float[N, 8]) { … }` or `block Name { … }`"),
    (r"^(?:function|func|fn)\s*⟂", "write `def name(v) = …` for a value, `block Name { … }` for steps"),
    (r"^(?:let|var|const)\s*⟂", "write `name = value`"),
    (r"^import\s*⟂", 'write `use package.module: Name` for Python, `from "blocks.tnet" import Name` for a spec'),
    (r"^from\s*⟂[A-Za-z]", 'a spec is named by its path, `from "blocks.tnet" import Name`; for Python write `use`'),
    (r"^param(?:s|eter)?\s*⟂\{", "the section is called `parameters`"),
    (r"self\s*⟂|self\.\w+\s*⟂", "there is no `self`: `conv1: Conv2d(64, 3)` makes a submodule and applies it"),
    (r"[(,]\s*⟂\*", "arguments cannot be unpacked; write them one by one"),
    (r"\b[frb]\s*⟂\"", 'write the string alone: `"layer{i}"` needs no `f`'),
    (r"⟂//|⟂/\*", "a comment starts with `#`"),
    (r"^(?:repeat|for|if|else|return)\s*⟂[=:.]", "this word is reserved at the start of a statement; take another"),
    (r"\brepeat\s*\([^)]*\)\s*⟂", "to call the method write `x = x.repeat(…)`; a group is `repeat 3 { … }`"),
    (r"⟂\.\d", "write a digit before the point: `0.5`"),
    (r"\b0\s*⟂[xXbBoO]", "numbers are decimal"),
    (r"[=!]=\s*⟂=", "equality is `==`, and `!=`"),
    (r"&\s*⟂&", "write `and`"),
    (r"\|\s*⟂\|", "write `or`"),
    (r"\+\s*⟂\+|-\s*⟂-", "write `x += 1`"),
    (r"^\w+\s*=[^=].*⟂=[^=]", "a statement has one `=`"),
    (r"^return\s*⟂$", "say what to return, as in `return x`"),
    (r"^if\b[^=]*[^=!<>]⟂=[^=]", "comparing is `==`"),
    (r"\bis\s*⟂|⟂is\b|⟂in\b", "comparing is `==`; there is no `is` or `in` in a value"),
    (r"⟂lambda\b|\blambda\s*⟂", "write a `def`: `def name(v) = …`"),
    (r"^\w+\([^⟂]*\)\s*⟂[.\[]", "a statement is a step or an assignment; write `x = …`"),
    (r"^(?:hyper|def|block|net|autograd|use|from)\s*⟂[\w\"]", "this is a declaration; it stands outside of all braces"),
    (r"[(,]\s*\w+\s*⟂:", "a keyword argument is written `name=value`"),
    (r"^[A-Z]\w*\s*⟂[\d\"\[]", "arguments stand in parentheses: `Conv2d(64, 3)`"),
    (r"^net\s+\w+\s*(?:\(\s*(?:\w+\s*)?)?⟂[{,)=]", "a net has inputs with types: `net Name(x: float[N, 8]) { … }`"),
    (r"^[\w.]+\s*⟂:", "a setting is written `name = value`"),
    (r"^\(", "start with a name: `x = (q, k) -> step`"),
]
_COMPILED: list[tuple[re.Pattern, str]] = []

_CHARACTERS = {
    "!": "write `not`, or `!=`",
    "?": "choose with `a if condition else b`",
    "$": "names are letters, digits and `_`",
    "`": 'strings stand in double quotes, `"…"`',
    "\\": "inside brackets a line may break anywhere; no `\\` is needed",
    "^": "a power is `**`",
    "“": 'strings stand in straight quotes, `"…"`',
    "”": 'strings stand in straight quotes, `"…"`',
    "‘": 'strings stand in straight double quotes, `"…"`',
    "’": 'strings stand in straight double quotes, `"…"`',
    "→": "write `->`",
    "×": "write `*`",
    "−": "write `-`",
    "\u00a0": "this is a no-break space; write a plain one",
}


def help_for(unfit: Span, start: int) -> str | None:
    """How to mend text that does not fit, in the item from offset `start`; None for what is no common slip."""
    text = unfit.source.text
    before = text[max(start, unfit.start - _LONGEST_BEFORE) : unfit.start]
    line_end = text.find("\n", unfit.start)
    subject = f"{before}⟂{text[unfit.start : line_end if line_end >= 0 else len(text)][:80]}"
    if not _COMPILED:
        _COMPILED.extend((re.compile(pattern), help) for pattern, help in _SLIPS)
    return next((help for pattern, help in _COMPILED if pattern.search(subject)), None)


def keyword_help(word: str, between_declarations: bool) -> str | None:
    """How to mend an item that starts with a word that may be a misspelt keyword."""
    if not between_declarations:
        return did_you_mean(word, _STATEMENTS)
    return (
        did_you_mean(word, _DECLARATIONS) or "here a declaration stands; steps belong in the braces of a net or block"
    )


def character_help(text: str) -> str | None:
    """How to write what an unknown character was meant for."""
    if text[0].isalpha():
        return "names are plain letters, digits and `_`; other text stands in strings and comments"
    return _CHARACTERS.get(text[0])
