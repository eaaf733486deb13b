"""What training would do: its steps, the parameter groups with every option, the learning rates over the run.

Nothing is trained. Where the data is not there, everything is shown that does not depend on its length.
"""

from __future__ import annotations

import argparse
import json

from .arguments import later, spec_arguments
from .output import width
from .specs import training_spec


def arguments(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser)
    parser.add_argument("--recipe", metavar="NAME", help="another recipe than the unnamed one")
    parser.add_argument("--json", action="store_true", help="for programs")
    later(parser, "--find-lr")
    later(parser, "-o", values="?")


def run(options: argparse.Namespace) -> int:
    plan = training_spec(options).plan()
    print(json.dumps(plan.data(), indent=2) if options.json else plan.table(width()))
    return 0
