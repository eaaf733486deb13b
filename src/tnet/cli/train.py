"""Train a spec and leave the run in a folder: runs/<spec>/<time>/, or that of --out.

Progress goes to stderr, the result on the test data to stdout. SIGINT (Ctrl-C) and SIGTERM stop after the step under
way and save, with exit code 75; a second one stops at once.

--resume goes on with the spec's newest run, or the one in --out, exactly as if it had never stopped; where --out has
no run yet, one starts. The run's own name=value hold where none are given. What is different now is shown, and needs
--accept-changes. In place of the spec, the run's folder may be named: its copy of the spec is then meant.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import UsageError, later, recipe_argument, spec_arguments
from .settings import overrides
from .specs import training_spec

if TYPE_CHECKING:
    from ..spec import Spec

STOPPED = 75  # EX_TEMPFAIL of sysexits.h: the run can be taken up again


def arguments(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser)
    parser.add_argument("--out", metavar="FOLDER", help="where the run is left; it must be new or empty")
    recipe_argument(parser)
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--accept-changes", action="store_true", help="go on although the spec has changed")
    later(parser, "--nproc", values="?")


def run(options: argparse.Namespace) -> int:
    if options.accept_changes and not options.resume:
        raise UsageError("`--accept-changes` is for `--resume`")
    if not Path(options.spec).is_dir():
        return _code(_of_file(options), options, options.out)
    if not options.resume:
        raise UsageError(f"`{options.spec}` is a folder; to go on with the run in it, add `--resume`")
    if options.out not in (None, options.spec):
        raise UsageError(f"`--out {options.out}` is another folder than the run's, `{options.spec}`")
    return _code(_of_run(options), options, options.spec)


def _code(spec: Spec, options: argparse.Namespace, out: str | None) -> int:
    resuming = {"resume": True, "accept_changes": options.accept_changes} if options.resume else {}
    return STOPPED if spec.train(out=out, **resuming).stopped else 0


def _of_file(options: argparse.Namespace) -> Spec:
    """The spec, under the recipe of the run to go on with where none is named."""
    from ..training.run import ABOUT, read_about

    if options.resume and options.out and options.recipe is None and (Path(options.out) / ABOUT).is_file():
        options.recipe = read_about(Path(options.out))["recipe"]
    return training_spec(options)


def _of_run(options: argparse.Namespace) -> Spec:
    """The spec of a run's folder, with settings that are to differ."""
    from ..training.run import read_about, read_spec

    path = Path(options.spec)
    changes = overrides(options.settings, options.params)
    return read_spec(path, read_about(path), changes, options.allow).checked(training=True)
