"""Every error and lint of a spec, and what its nets require of symbolic sizes."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic, counted
from .arguments import later, setting_arguments
from .failures import code_of
from .output import show
from .specs import open_spec

if TYPE_CHECKING:
    from ..spec import Spec

FORMATS = ("full", "concise", "json", "github", "sarif")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", help="the spec, or - for stdin")
    setting_arguments(parser)
    parser.add_argument("--format", choices=FORMATS, default="full", help="json, github and sarif are for programs")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="short for --format json")
    later(parser, "--gradcheck", "--data")


def run(options: argparse.Namespace) -> int:
    spec = open_spec(options)
    diagnostics = spec.check()
    show(diagnostics, options.format)
    if options.format == "full":
        print("\n" * bool(diagnostics) + verdict(spec.source_file.name, diagnostics))
        conditions(spec)
    return code_of(diagnostics)


def verdict(name: str, diagnostics: Sequence[Diagnostic]) -> str:
    """`specs/gpt.tnet: 2 errors, 1 warning`"""
    counts = Counter(each.severity for each in diagnostics)
    listed = [counted(count, severity) for severity, count in sorted(counts.items())]
    return f"{name}: {', '.join(listed) or 'no errors'}"


def conditions(spec: Spec) -> None:
    """Print what each net requires of its symbolic sizes, with the step that asks for it."""
    program = spec.compilation.program
    if program is None:
        return
    from ..ir import text

    for net in program.nets.values():
        if net.conditions:
            print(f"`{net.name}` takes every size with")
        for condition in net.conditions:
            place = f"  # {condition.span.place}" if condition.span else ""
            print(f"  {text.size(condition.relation)}{place}")
