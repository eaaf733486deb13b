"""Every error and lint of a spec, and what its nets require of symbolic sizes."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic, SpecError, counted
from ..diagnostics.render.escape import escape
from .arguments import recipe_argument, setting_arguments
from .failures import code_of
from .output import show
from .specs import open_spec

if TYPE_CHECKING:
    from ..codegen.gradcheck import GradientCheck
    from ..spec import Spec

FORMATS = ("full", "concise", "json", "github", "sarif")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", help="the spec, or - for stdin")
    setting_arguments(parser)
    recipe_argument(parser)
    parser.add_argument("--format", choices=FORMATS, default="full", help="json, github and sarif are for programs")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="short for --format json")
    parser.add_argument("--gradcheck", action="store_true", help="test declared gradients against finite differences")
    parser.add_argument("--data", action="store_true", help="read every sample, and try the data with net and loss")


def run(options: argparse.Namespace) -> int:
    try:
        spec = open_spec(options)
    except SpecError as problem:  # there is nothing to check, which a program reads like any diagnostic
        if options.format == "full":
            raise
        show(problem.diagnostics, options.format)
        return code_of(problem.diagnostics)
    tested = options.gradcheck and spec.compilation.model_ok
    checks = spec.gradcheck() if tested else []
    diagnostics = [*spec.check(), *dict.fromkeys(problem for each in checks for problem in each.problems)]
    if options.data and spec.compilation.ok:
        diagnostics += spec.check_data()
    show(diagnostics, options.format)
    if options.format == "full":
        print("\n" * bool(diagnostics) + verdict(spec.source_file.name, diagnostics))
        conditions(spec)
        if tested:
            gradients(spec, checks)
    return code_of(diagnostics)


def verdict(name: str, diagnostics: Sequence[Diagnostic]) -> str:
    """`specs/gpt.tnet: 2 errors, 1 warning`"""
    counts = Counter(each.severity for each in diagnostics)
    listed = [counted(count, severity) for severity, count in sorted(counts.items())]
    return f"{escape(name)}: {', '.join(listed) or 'no errors'}"


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
            place = f"  # {escape(condition.span.place)}" if condition.span else ""
            print(f"  {text.size(condition.relation)}{place}")


def gradients(spec: Spec, checks: Sequence[GradientCheck]) -> None:
    """Print which declared gradients were tested, and where."""
    from ..syntax import ast

    for each in dict.fromkeys(each for each in checks if not each.problems):
        print(f"the gradient of `{each.name}` agrees with finite differences at {each.inputs}")
    declared = (each.name.text for each in spec.compilation.tree.declarations if isinstance(each, ast.Autograd))
    for name in declared:
        if name not in {each.name for each in checks}:
            print(f"the gradient of `{name}` was not tested: no net uses it")
