"""What a diagnostic means, with a wrong and a right example; without a code, all codes."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator

from ..diagnostics import did_you_mean
from ..diagnostics.codes import CODES
from ..diagnostics.explanations import Explanation
from ..diagnostics.render.escape import escape
from .arguments import UsageError
from .output import colourful
from .pages import PHASES, page


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("codes", nargs="*", metavar="CODE", help="such as TN0203; without one, all are listed")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    codes = [known(each) for each in options.codes]
    if options.json:
        print(json.dumps([as_object(page(each)) for each in codes or CODES], indent=2))
    elif codes:
        print("\n\n".join(text(page(each)) for each in codes))
    else:
        print("\n".join(overview()))
    return 0


def known(given: str) -> str:
    """The code that was meant: `TN0203`, `tn0203`, `0203` or `203`. Raises UsageError."""
    code = given.upper()
    code = code if code.startswith("TN") else f"TN{code.zfill(4)}"
    if code not in CODES:
        hint = did_you_mean(code, CODES) or "`tnet explain` lists all codes"
        raise UsageError(f"no diagnostic has the code `{escape(given)}`; {hint}")
    return code


def as_object(shown: Explanation) -> dict[str, str | None]:
    """A page as plain data."""
    examples = {"wrong": shown.wrong or None, "right": shown.right or None}
    return {"code": shown.code, "title": shown.title, "meaning": shown.meaning, **examples}


def text(shown: Explanation) -> str:
    """A page for people."""
    heading = f"{shown.code}: {shown.title}"
    parts = [f"\x1b[1m{heading}\x1b[0m" if colourful(sys.stdout) else heading, shown.meaning]
    for which, example in (("wrong:", shown.wrong), ("right:", shown.right)):
        if example:
            parts += [which, textwrap.indent(example.rstrip(), "    ")]
    return "\n\n".join(parts)


def overview() -> Iterator[str]:
    """All codes with their titles, by phase."""
    phase = None
    for code, title in CODES.items():
        if code[2:4] != phase:
            if phase is not None:
                yield ""
            phase = code[2:4]
            yield PHASES[phase]
        yield f"  {code}  {title}"
