"""Layers with their output shapes, parameters, multiply-adds, the rules in force and lines of the spec.

Multiply-adds are half of what torch's flop counter counts for one batch, at the sizes that are printed below the table.
Memory is that of parameters, of buffers, and of what every step gives in one pass; `tnet plan` has that of training.
A rule is named by the property that it sets and its line. Equal blocks that follow one another are told once: `× 6`.
Where the spec has a shape error, the layers before it are shown.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from ..diagnostics import did_you_mean
from .arguments import UsageError, depth_argument, spec_arguments
from .failures import code_of
from .output import report, width
from .specs import as_warnings, open_spec

if TYPE_CHECKING:
    from ..spec import Spec

STYLES = ("tree", "torchsummary")


def arguments(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser)
    parser.add_argument("--style", choices=STYLES, default="tree", help="torchsummary: that library's own table")
    parser.add_argument("--json", action="store_true", help="for programs: every layer, nothing folded")
    depth_argument(parser, "leave out layers that lie in N others")
    parser.add_argument("--columns", metavar="A,B,…", type=columns, default=(), help="beside the layers, of class, "
                        "output, parameters, gradient, mult-adds, rules, line, path, trainable")  # fmt: skip


def columns(text: str) -> tuple[str, ...]:
    from ..render.summary_text import COLUMNS

    titles = tuple(each.strip() for each in text.split(","))
    for title in titles:
        if title not in COLUMNS:
            hint = did_you_mean(title, COLUMNS) or f"there are {', '.join(COLUMNS)}"
            raise argparse.ArgumentTypeError(f"there is no column `{title}`; {hint}")
    return titles


def run(options: argparse.Namespace) -> int:
    if options.json or options.style != "tree":
        for name in ("depth", "columns"):
            if getattr(options, name) not in (None, ()):
                raise UsageError(f"`--{name}` is for the table of tnet")
    if options.json and options.style != "tree":
        raise UsageError("`--json` and `--style` both say what is to come out")
    spec = open_spec(options)
    if not spec.compilation.model_ok:
        return _so_far(spec, options)
    report(as_warnings(spec.check()), "concise")
    if options.style == "torchsummary":
        from ..render.summary import torchsummary

        print(torchsummary(spec.model(), spec.net))
    elif options.json:
        print(json.dumps(spec.summary().data(), indent=2))
    else:
        print(spec.summary().table(width(), options.depth, options.columns))
    return 0


def _so_far(spec: Spec, options: argparse.Namespace) -> int:
    """What is wrong, and the layers before it, where it is in a net."""
    found = spec.summary_so_far() if spec.compilation.program else None
    if found and options.json:
        print(json.dumps(found.data(), indent=2))
    elif found and options.style == "tree":
        print(found.table(width(), options.depth, options.columns))
    report(spec.check())
    return code_of(spec.check())
