"""What each code means, with a wrong and a right example: a Markdown page a code, beside this file.

A page is text, then the wrong example and the right one in fenced blocks whose opening lines end with those words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

from ..codes import CODES

_EXAMPLE = re.compile(r"^```(?P<language>\w+) (?P<which>wrong|right)\n(?P<text>.*?)^```\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Explanation:
    """A code's page. The examples are specs or, where `language` is "sh", commands; some codes have none."""

    code: str
    meaning: str
    wrong: str = ""
    right: str = ""
    language: str = "tnet"

    @property
    def title(self) -> str:
        return CODES[self.code]

    @property
    def markdown(self) -> str:
        """The page as Markdown, with its title."""
        examples = [("Wrong", self.wrong), ("Right", self.right)]
        blocks = [f"{which}:\n\n```{self.language}\n{text}```" for which, text in examples if text]
        return "\n\n".join([f"# {self.code}: {self.title}", self.meaning, *blocks]) + "\n"


def explanation(code: str) -> Explanation | None:
    """The page of a code, or None for one that has it elsewhere."""
    page = files(__name__) / f"{code}.md"
    return parse(code, page.read_text(encoding="utf-8")) if page.is_file() else None


def parse(code: str, text: str) -> Explanation:
    """A page from its text."""
    examples = {found["which"]: found for found in _EXAMPLE.finditer(text)}
    meaning = _EXAMPLE.sub("", text).strip()
    if not examples:
        return Explanation(code, meaning)
    wrong, right = examples["wrong"], examples["right"]
    return Explanation(code, meaning, wrong["text"], right["text"], wrong["language"])
