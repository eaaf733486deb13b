"""What a trained run says of new inputs: pictures, or .npy, .npz, .csv, .safetensors and .pt files of samples."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .arguments import later, run_arguments
from .eval import written
from .settings import overrides


def arguments(parser: argparse.ArgumentParser) -> None:
    run_arguments(parser)
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="a file; what is none, name=value")
    later(parser, "--attribute")
    later(parser, "-o", values="?")


def run(options: argparse.Namespace) -> int:
    from ..training import predict

    settings = [each for each in options.inputs if "=" in each and not Path(each).exists()]
    inputs = [each for each in options.inputs if each not in settings]
    changes = overrides(settings, options.params)
    answers = predict(options.run, inputs, device=options.device, changes=changes, allow=options.allow)
    if options.json:
        print(json.dumps(answers, indent=2))
        return 0
    for answer in answers:
        print(f"{answer['input']}  {said(answer)}")
    return 0


def said(answer: dict) -> str:
    """`7 (0.9813)` of a classifier, else the numbers of the output."""
    if "class" in answer:
        return f"{answer['class']} ({answer['probability']:.4f})"
    return written(answer["output"])
