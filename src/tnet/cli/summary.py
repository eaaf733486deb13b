"""Layers with their output shapes, parameters, multiply-adds and lines of the spec.

Multiply-adds are half of what torch's flop counter counts for one batch, at the sizes that are printed below the table.
"""

from __future__ import annotations

import argparse
import json

from .arguments import later, spec_arguments
from .output import width
from .specs import model_spec

STYLES = ("tree", "torchsummary")


def arguments(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser)
    parser.add_argument("--style", choices=STYLES, default="tree", help="torchsummary: that library's own table")
    parser.add_argument("--json", action="store_true", help="for programs")
    later(parser, "--depth", "--columns", values="?")


def run(options: argparse.Namespace) -> int:
    spec = model_spec(options)
    if options.style == "torchsummary":
        from ..render.summary import torchsummary

        print(torchsummary(spec.model(), spec.net))
    elif options.json:
        print(json.dumps(spec.summary().data(), indent=2))
    else:
        print(spec.summary().table(width()))
    return 0
