"""What a trained run says of new inputs: pictures, or .npy, .npz, .csv, .safetensors and .pt files of samples.

With -o FILE the inputs are shown with what is said of them, as the net sees them but for normalisation, in an .svg,
.png or .html file. --attribute puts beside each what the answer is due to, by integrated gradients: red pixels speak
for it, blue ones against it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from .arguments import UsageError, output_ending, refuse_json_and_file, run_arguments
from .eval import written
from .files import write
from .settings import overrides

if TYPE_CHECKING:
    from ..training.prediction import Prediction


def arguments(parser: argparse.ArgumentParser) -> None:
    run_arguments(parser)
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="a file; what is none, name=value")
    parser.add_argument("-o", dest="out", metavar="FILE", help="a picture or page of the inputs, by its ending")
    parser.add_argument("--attribute", action="store_true", help="show what each answer is due to; needs captum")


def run(options: argparse.Namespace) -> int:
    _check(options)
    from ..training.prediction import predictions

    settings = [each for each in options.inputs if "=" in each and not Path(each).exists()]
    inputs = [each for each in options.inputs if each not in settings]
    if not inputs:
        raise UsageError("no INPUT is given, only settings")
    changes = overrides(settings, options.params)
    found = list(predictions(options.run, inputs, options.device, changes, options.allow, options.attribute))
    if options.out:
        _draw(Path(options.out), options.run, found)
        return 0
    answers = [each.answer for each in found]
    if options.json:
        print(json.dumps(answers, indent=2))
        return 0
    for answer in answers:
        print(f"{answer['input']}  {said(answer)}")
    return 0


def _check(options: argparse.Namespace) -> None:
    """Raises UsageError for options that do not go together, or need what is not installed."""
    output_ending(options, ENDINGS)
    refuse_json_and_file(options)
    if options.attribute and options.out is None:
        raise UsageError("`--attribute` is to be seen; `-o page.png` says where")
    if options.attribute and find_spec("captum") is None:
        raise UsageError("`--attribute` needs captum, which is not installed; pip install 'tnet[attribute]'")


def _draw(out: Path, run: str, found: Sequence[Prediction]) -> None:
    from ..diagnostics import error
    from ..render.prediction_sheet import prediction_sheet

    if not any(each.pictures or each.maps or each.made for each in found):
        message = "`-o` shows pictures, and neither what the net takes nor what it gives is one"
        raise error("TN0703", message, help="without `-o` the answers are printed, with `--json` for programs")
    answers = [(each, "" if each.maps or each.made else said(each.answer)) for each in found]
    write(out, ENDINGS[out.suffix.lower()](prediction_sheet(f"what {Path(run).resolve().name} says", answers)))
    print(out)


ENDINGS = {
    ".svg": lambda sheet: sheet.svg(),
    ".png": lambda sheet: sheet.png(),
    ".html": lambda sheet: sheet.html(),
}
"""What each ending stands for: the content of the file, from a sheet."""


def said(answer: dict) -> str:
    """`7 (0.9813)` of a classifier, else the numbers of the output."""
    if "class" in answer:
        return f"{answer['class']} ({answer['probability']:.4f})"
    return written(answer["output"])
