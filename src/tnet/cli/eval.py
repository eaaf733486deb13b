"""Loss and metrics of a trained run on its test data (its validation data where it has no test data)."""

from __future__ import annotations

import argparse
import json

from .arguments import run_arguments
from .settings import overrides


def arguments(parser: argparse.ArgumentParser) -> None:
    run_arguments(parser)
    parser.add_argument("settings", nargs="*", metavar="name=value", help="settings that differ from the training's")
    parser.add_argument("--part", choices=("test", "val"), help="the part of the data")


def run(options: argparse.Namespace) -> int:
    from ..training import evaluate_run

    changes = overrides(options.settings, options.params)
    results = evaluate_run(options.run, options.part, device=options.device, changes=changes, allow=options.allow)
    if options.json:
        print(json.dumps(results, indent=2))
        return 0
    width = max(map(len, results))
    for name, value in results.items():
        print(f"{name:{width}}  {written(value)}")
    return 0


def written(value: object) -> str:
    """`0.9722`; the entries of a map or the items of a list with commas."""
    match value:
        case float():
            return f"{value:.4f}"
        case dict():
            return ", ".join(f"{name} {written(each)}" for name, each in value.items())
        case list() | tuple():
            return f"[{', '.join(map(written, value))}]"
    return "none" if value is None else str(value)
