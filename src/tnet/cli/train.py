"""Train a spec and leave the run in a folder: runs/<spec>/<time>/, or that of --out.

Progress goes to stderr, the result on the test data to stdout. An interrupt stops after the step under way and saves.
"""

from __future__ import annotations

import argparse

from .arguments import later, spec_arguments
from .specs import training_spec

STOPPED = 75  # EX_TEMPFAIL of sysexits.h: the run can be taken up again


def arguments(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser)
    parser.add_argument("--out", metavar="FOLDER", help="where the run is left; it must be new or empty")
    parser.add_argument("--recipe", metavar="NAME", help="another recipe than the unnamed one")
    later(parser, "--resume", "--accept-changes", "--nproc", values="?")


def run(options: argparse.Namespace) -> int:
    return STOPPED if training_spec(options).train(out=options.out).stopped else 0
