"""The text of a spec or of generated Python as HTML with its kinds of words marked. It reads anything."""

from __future__ import annotations

import re

from .html import lines

KEYWORDS = {
    "tnet": "and as at autograd backward block buffer data def else for forward from hyper if import in net not or "
    "parameter parameters repeat return shape shared train true false none training use with epoch epochs step steps",
    "python": "and as class def else False for from if import in is lambda None not or return self super True while",
}
"""The words of each language that mean something by themselves."""

_PATTERN = r"""(?P<comment>\#[^\n]*)|(?P<string>"{3}[\s\S]*?"{3}|"[^"\n]*"?|'[^'\n]*'?)|(?P<number>\b\d[\w.]*)
|(?P<keyword>\b(?:KEYWORDS)\b)|(?P<kind>\b[A-Z]\w*)|(?P<label>\b\w+(?=:\ )|:\w+\b)"""
_PATTERNS = {
    language: re.compile(_PATTERN.replace("KEYWORDS", words.replace(" ", "|")), re.VERBOSE)
    for language, words in KEYWORDS.items()
}

STYLE = """
.code { overflow-x: auto; font: 13px/1.5 ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; tab-size: 4; }
.code .comment { color: var(--quiet); font-style: italic; } .code .string { color: var(--3); }
.code .number { color: var(--6); } .code .keyword { color: var(--4); font-weight: 600; }
.code .kind { color: var(--1); } .code .label { color: var(--7); }
"""
"""How the kinds of words look on a page of `html.page`."""


def highlighted(text: str, language: str = "tnet") -> str:
    """The text as HTML; a word of a kind stands in a `<span>` with the kind as its class."""
    pieces, at = [], 0
    for match in _PATTERNS[language].finditer(text):
        pieces += [lines(text[at : match.start()]), f'<span class="{match.lastgroup}">{lines(match[0])}</span>']
        at = match.end()
    return "".join([*pieces, lines(text[at:])])


def code(text: str, language: str = "tnet") -> str:
    return f'<pre class="code">{highlighted(text, language)}</pre>'
