"""The page of a run, built again from its folder: what it was, its curves and results, its mistakes, what is inside.

Several runs are compared on one page: results side by side, curves in the same pictures, and the differences of their
specs and settings. Nothing is trained or evaluated.

--layers shows the feature maps of other layers than training has chosen, in those words that rules have for modules:
--layers "layer1, Conv2d". For that, the run's weights and data are read.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import UsageError, params_argument
from .files import write
from .settings import overrides


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", help="the folder of a run")
    place = "where the page goes (default: report.html in the run, comparison.html for several)"
    parser.add_argument("-o", dest="out", metavar="FILE.html", help=place)
    parser.add_argument("--layers", metavar="SELECTOR", help="the layers of which feature maps are shown")
    params_argument(parser)


def run(options: argparse.Namespace) -> int:
    from ..render.report.compare import comparison_page
    from ..render.report.facts import read_facts
    from ..render.report.page import report_page
    from ..training.run import REPORT

    if options.out is not None and Path(options.out).suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"`-o` writes a page: `{options.out}` should end in .html")
    paths = [Path(each) for each in options.runs]
    places = [path.resolve() for path in paths]
    if twice := next((path for path, place in zip(paths, places, strict=True) if places.count(place) > 1), None):
        raise UsageError(f"`{twice}` is given twice")
    if options.layers is not None and len(paths) > 1:
        raise UsageError("`--layers` is for the page of one run")
    found = [read_facts(path) for path in paths]
    if options.layers is not None:
        from ..render.report.layers import with_layers

        found = [with_layers(each, options.layers, overrides([], options.params), options.allow) for each in found]
    if len(found) == 1:
        out, page = paths[0] / REPORT, report_page(found[0])
    else:
        out, page = Path("comparison.html"), comparison_page(found)
    out = Path(options.out) if options.out else out
    write(out, page)
    print(out)
    return 0
