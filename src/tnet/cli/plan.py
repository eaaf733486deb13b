"""What training would do: its steps, the parameter groups with every option, the learning rates over the run, memory
and operations of a step.

Nothing is trained. Where the data is not there, everything is shown that does not depend on its length. With -o FILE
the ending says what is written: .svg or .png, the learning rates, weight decays and freezes over the run; .html, a page
with both; .json or .txt.

With --find-lr, rates that grow from 1e-7 to 10 are tried on the data for at most 100 steps from the initial weights
(Smith, 2017): the losses over the rates, and the rate where the loss falls fastest. No run is left.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import output_ending, recipe_argument, refuse_json_and_file, spec_arguments
from .files import write
from .output import width
from .specs import training_spec

if TYPE_CHECKING:
    from ..render.plan import Plan
    from ..render.rate_search import RateSearch

ENDINGS = {
    ".svg": lambda plan: plan.svg(),
    ".png": lambda plan: plan.png(),
    ".html": lambda plan: plan.html(),
    ".json": lambda plan: as_json(plan),
    ".txt": lambda plan: plan.table() + "\n",
}
"""What each ending stands for: the content of the file, from a plan."""


def arguments(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser)
    recipe_argument(parser)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("-o", dest="out", metavar="FILE", help="a picture or page, by its ending")
    parser.add_argument("--find-lr", action="store_true", help="try growing rates on the data, and suggest one")


def run(options: argparse.Namespace) -> int:
    ending = output_ending(options, ENDINGS)
    refuse_json_and_file(options)
    spec = training_spec(options)
    plan = spec.find_lr() if options.find_lr else spec.plan()
    if options.out:
        write(Path(options.out), ENDINGS[ending](plan))
        print(options.out)
    else:
        print(as_json(plan) if options.json else plan.table(width()), end="" if options.json else "\n")
    return 0


def as_json(plan: Plan | RateSearch) -> str:
    return json.dumps(plan.data(), indent=2) + "\n"
