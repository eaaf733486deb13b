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

_PATTERN = r"""(?P<comment>\#[^\n]*)|(?P<string>"{3}[\s\S]*?"{3}|"[^"\n]*"?|'[^'\n]*'?)
|(?P<number>\b\d[\w.]*(?:(?<=[eE])[-+]\d+)?)|(?P<keyword>(?<!\.)\b(?:KEYWORDS)\b(?!\s*=(?!=)))
|(?P<kind>\b[A-Z]\w*)|(?P<label>\b\w+(?=:\ )|(?<![\w\[\])]):\w+\b)"""
_PATTERNS = {
    language: re.compile(_PATTERN.replace("KEYWORDS", words.replace(" ", "|")), re.VERBOSE)
    for language, words in KEYWORDS.items()
}

WORDS = """
.code .comment { color: var(--quiet); font-style: italic; } .code .string { color: var(--3); }
.code .number { color: var(--6); } .code .keyword { color: var(--4); font-weight: 600; }
.code .kind { color: var(--1); } .code .label { color: var(--7); }
"""
"""How the kinds of words look, in the colours of `canvas`."""

STYLE = f"""
.code {{ overflow-x: auto; font: 13px/1.5 ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; tab-size: 4; }}
{WORDS}"""
"""The same with the look of the text, for a page of `html.page`."""


def marks(text: str, language: str = "tnet") -> list[tuple[int, int, str]]:
    """The words of a kind: the first character, the one after the last, and the kind."""
    return [(*match.span(), str(match.lastgroup)) for match in _PATTERNS[language].finditer(text)]


def highlighted(text: str, language: str = "tnet") -> str:
    """The text as HTML; a word of a kind stands in a `<span>` with the kind as its class."""
    pieces, at = [], 0
    for start, end, kind in marks(text, language):
        pieces += [lines(text[at:start]), f'<span class="{kind}">{lines(text[start:end])}</span>']
        at = end
    return "".join([*pieces, lines(text[at:])])


def code(text: str, language: str = "tnet") -> str:
    return f'<pre class="code">{highlighted(text, language)}</pre>'
