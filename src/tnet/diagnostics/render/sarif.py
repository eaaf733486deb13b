"""SARIF 2.1.0, the interchange format of analysis results that code hosts and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/sarif-v2.1.0-errata01.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...source import Span
from ..codes import CODES
from ..diagnostic import Diagnostic, Note
from .escape import escape, lines
from .order import by_place

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_BRACES = str.maketrans({"{": "{{", "}": "}}"})  # §3.11.5: single ones are placeholders


def render_sarif(diagnostics: Iterable[Diagnostic], explain: Callable[[str], str | None] = CODES.get) -> str:
    """A SARIF log of one run. `explain` gives the help of a code, in Markdown; None where there is none."""
    ordered = by_place(diagnostics)
    codes = sorted({each.code for each in ordered})
    driver = {
        "name": "tnet",
        "version": _version(),
        "rules": [_rule(code, explain(code)) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, codes) for each in ordered],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _version() -> str:
    import tnet

    return tnet.__version__


def _rule(code: str, help: str | None) -> dict[str, Any]:
    described = {"help": {"text": help, "markdown": help}} if help else {}
    return {"id": code, "shortDescription": {"text": CODES[code]}, **described}


def _result(diagnostic: Diagnostic, codes: Sequence[str]) -> dict[str, Any]:
    related = [_related(number, note) for number, note in enumerate(diagnostic.notes, 1) if note.span]
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity,
        "message": {"text": _message(diagnostic)},
        "locations": [_location(diagnostic.span)] if diagnostic.span else [],
        **({"relatedLocations": related} if related else {}),
        **({"fixes": [_fix(diagnostic)]} if _fixable(diagnostic) else {}),
    }


def _message(diagnostic: Diagnostic) -> str:
    """What is wrong, what has no place of its own, and what to write."""
    notes = [f"note: {lines(note.message)}" for note in diagnostic.notes if note.span is None]
    help = [f"help: {lines(diagnostic.help)}"] if diagnostic.help else []
    return "\n".join([escape(diagnostic.message), *notes, *help]).translate(_BRACES)


def _related(number: int, note: Note) -> dict[str, Any]:
    return {"id": number, **_location(note.span), "message": {"text": lines(note.message).translate(_BRACES)}}


def _location(span: Span) -> dict[str, Any]:
    """A place in a file, or for what is in none (the command line, stdin) its name."""
    if span.source.path is None:
        return {"logicalLocations": [{"fullyQualifiedName": escape(span.place)}]}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(span.source.name)}, "region": _region(span)}}


def _uri(name: str) -> str:
    """A path as it was given: relative ones are relative to where the command ran."""
    path = Path(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="replace")


def _region(span: Span) -> dict[str, int]:
    (line, column), (end_line, end_column) = span.source.position(span.start), span.source.position(span.end)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _fixable(diagnostic: Diagnostic) -> bool:
    return diagnostic.fix is not None and diagnostic.span is not None and diagnostic.span.source.path is not None


def _fix(diagnostic: Diagnostic) -> dict[str, Any]:
    replacement = {"deletedRegion": _region(diagnostic.span), "insertedContent": {"text": diagnostic.fix}}
    artifact = {"uri": _uri(diagnostic.span.source.name)}
    return {"artifactChanges": [{"artifactLocation": artifact, "replacements": [replacement]}]}
