"""A net as one page that loads nothing: the picture to move about in and fold, beside it the spec it is made from.

The picture is laid out in the page (`layout.js`), since every block can be folded. All text of a spec is in one block
of JSON and becomes text nodes only; a content security policy lets no other script than the page's own run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

from ..canvas import DARK, LIGHT, SERIES
from ..highlight import WORDS
from ..style import DARK_FILLS, FILLS, ROLES

SCRIPTS = ("layout.js", "picture.js", "panel.js", "main.js")


def page(data: dict[str, Any], live: bool = False) -> str:
    """The page of `page.data.page_data`; a live one takes news from `events` beside it."""
    script, style = _script(), _style()
    policy = "; ".join([
        "default-src 'none'", f"script-src 'sha256-{_hash(script)}'", f"style-src 'sha256-{_hash(style)}'",
        "connect-src " + ("'self'" if live else "'none'"), "base-uri 'none'", "form-action 'none'",
    ])  # fmt: skip
    filled = {
        "LIVE": " data-live" if live else "",
        "POLICY": policy,
        "STYLE": style,
        "DATA": _embedded(data),
        "SCRIPT": script,
    }
    parts = _asset("page.html").split("%%")  # every second one is the name of what is filled in
    return "".join(filled[part] if number % 2 else part for number, part in enumerate(parts))


def _embedded(data: dict[str, Any]) -> str:
    """JSON that no text in it can end: nothing in it looks like a tag or a comment."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def _script() -> str:
    return "\n".join(_asset(name).replace('"use strict";\n', "") for name in SCRIPTS).join(
        ['\n(() => {\n"use strict";\n', "})();\n"]
    )


@cache
def _style() -> str:
    kinds = " ".join(f".box.{kind} rect {{ fill: var(--{kind}) }}" for kind in FILLS)
    light, dark = (f":root {{ {_variables(number, fills)} }}" for number, fills in enumerate((FILLS, DARK_FILLS)))
    return f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n{_asset('page.css')}{kinds}{WORDS}"


def _variables(number: int, fills: dict[str, str]) -> str:
    roles = {name: colours[number] for name, colours in ROLES.items()}
    series = {name: (LIGHT, DARK)[number][name] for name in SERIES}
    return " ".join(f"--{name}: {colour};" for name, colour in {**roles, **fills, **series}.items())


def _asset(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a content security policy names a script (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
