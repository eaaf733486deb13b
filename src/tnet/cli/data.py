"""What the data of a spec is: the samples of each part, classes and their counts, shapes, value ranges, mean and
standard deviation by channel.

-o FILE draws a contact sheet of augmented training samples with their labels, normalisation undone (.png or .svg).
--export DIR writes all images, as they come from their source, to DIR/<part>/<class>/<number>.png.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..diagnostics import counted
from .arguments import UsageError, output_ending, recipe_argument, spec_arguments
from .files import write
from .output import width
from .specs import training_spec

if TYPE_CHECKING:
    from ..spec import Spec

ENDINGS = (".png", ".svg")


def arguments(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser)
    recipe_argument(parser)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("-o", dest="out", metavar="FILE", help="a contact sheet, .png or .svg")
    parser.add_argument("--export", metavar="DIR", help="the images as PNG files in class folders of a new folder")


def run(options: argparse.Namespace) -> int:
    ending = output_ending(options, ENDINGS)
    asked = {"--json": options.json, "-o": options.out is not None, "--export": options.export is not None}
    if sum(asked.values()) > 1:
        raise UsageError(f"{' and '.join(f'`{name}`' for name, given in asked.items() if given)} do different things")
    spec = training_spec(options)
    if options.out:
        _draw(spec, Path(options.out), ending)
    elif options.export is not None:
        _export(spec, Path(options.export))
    else:
        _print(spec, options.json)
    return 0


def _draw(spec: Spec, path: Path, ending: str) -> None:
    from ..render.canvas_png import png
    from ..render.canvas_svg import svg
    from ..render.data_sheet import data_sheet

    canvas = data_sheet(spec.data(), f"{spec.name}: training samples")
    write(path, (png if ending == ".png" else svg)(canvas))
    print(path)


def _export(spec: Spec, folder: Path) -> None:
    from ..data.export import export

    count, skipped = export(replace(spec.data_recipe, decode="full").load(), folder, write)
    print(f"{count:,} images in {folder}")
    if skipped:
        print("\n".join([f"{counted(len(skipped), 'sample')} skipped:", *skipped]), file=sys.stderr)


def _print(spec: Spec, as_json: bool) -> None:
    from ..data.survey import survey
    from ..render.data_text import survey_text

    found = survey(spec.data_recipe)
    print(json.dumps(found.data(), indent=2) if as_json else survey_text(found, width()))
