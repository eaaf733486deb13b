"""Where each property of a parameter comes from: its value, the rule and line that set it, what that overrode.

NAME is a parameter (head.weight) or a selector (head, Conv2d.weight, ":norm", "*"); several stand with commas.
"""

from __future__ import annotations

import argparse
import json

from .arguments import UsageError, params_argument, recipe_argument
from .output import width
from .specs import model_spec


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", help="the spec, or - for stdin")
    parser.add_argument("words", nargs="+", metavar="NAME [name=value …]", help="a parameter or selector, and settings")
    params_argument(parser)
    parser.add_argument("--net", metavar="NAME", help="another net of the file than the main one")
    recipe_argument(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    names = [word for word in options.words if "=" not in word]
    if len(names) != 1:
        raise UsageError(f'expected one NAME, found {len(names)}; several selectors stand with commas: "head, :bias"')
    options.settings = [word for word in options.words if "=" in word]
    found = model_spec(options).why(names[0])
    print(json.dumps(found.data(), indent=2) if options.json else found.table(width()))
    return 0
