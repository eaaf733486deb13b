"""The one canonical layout of specs, written in place; a spec from stdin is written to stdout.

A file that cannot be parsed is left alone and its errors are printed.
"""

from __future__ import annotations

import argparse
import difflib
import sys

from ..diagnostics import SpecError
from ..source import Source
from .files import write
from .specs import STDIN, source_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("specs", nargs="+", metavar="spec", help="the specs, or - for stdin")
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if a file would change")
    parser.add_argument("--diff", action="store_true", help="change nothing; print what would change")


def run(options: argparse.Namespace) -> int:
    from .failures import code_of
    from .output import report

    code = 0
    for name in options.specs:
        try:
            changed = format_one(name, options)
            code = code or int(changed and (options.check or options.diff))
        except SpecError as problem:
            report(problem.diagnostics)
            code = code or code_of(problem.diagnostics)
    return code


def format_one(name: str, options: argparse.Namespace) -> bool:
    """Format one spec as the options say; True where it was not in canonical layout."""
    from ..format import format_source

    source = source_of(name)
    text = format_source(source)
    changed = text != source.text
    if options.diff:
        sys.stdout.writelines(difference(source, text))
    if options.check and changed:
        print(f"{source.name} would change", file=sys.stderr)
    if options.check or options.diff:
        return changed
    if name == STDIN:
        sys.stdout.buffer.write(text.encode())  # a spec is UTF-8, whatever the terminal is
    elif changed:
        write(source.path, text)
        print(f"{source.name} formatted", file=sys.stderr)
    return changed


def difference(source: Source, text: str) -> list[str]:
    before, after = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    lines = difflib.unified_diff(before, after, source.name, source.name)
    return [line if line.endswith("\n") else f"{line}\n\\ no newline at end of file\n" for line in lines]
