"""What changed between two specs, or two runs, in layers, parameters, rules, hyper-parameters, data and training.

A and B are specs, or folders of runs, which stand for what they were trained as. With -o FILE the net is drawn, what
only A has in red, what only B has in green, what both have but not the same in violet; the ending says how: .svg, .png,
.pdf, .dot or .html. Settings hold for both. The exit code is 0 whether there is a difference or not.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..render.layout import FORMATS
from .arguments import UsageError, depth_argument, params_argument, refuse_json_and_file
from .build import DRAWN, ENDINGS, refuse_pdf, tell_of
from .files import write
from .output import colourful, width
from .settings import overrides
from .specs import STDIN, source_of

if TYPE_CHECKING:
    from ..render.difference import Difference, Side
    from ..spec import Spec


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="A", help="a spec, or the folder of a run")
    parser.add_argument("after", metavar="B", help="another")
    parser.add_argument("settings", nargs="*", metavar="name=value", help="hyper-parameters and settings of both")
    params_argument(parser)
    parser.add_argument("--net", metavar="NAME", help="another net of the files than the main one")
    parser.add_argument("--recipe", metavar="NAME", help="the rules under another recipe than the unnamed one")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("-o", dest="out", metavar="FILE", help="the picture of both nets, by its ending")
    parser.add_argument("--engine", choices=FORMATS, default="pure", help="layout: graphviz-pure or the system's dot")
    depth_argument(parser, "draw blocks that lie in N others as one box")


def run(options: argparse.Namespace) -> int:
    from ..render.difference import difference

    _refuse(options)
    specs = [_spec(name, options) for name in (options.before, options.after)]
    sides = [_side(name, spec) for name, spec in zip((options.before, options.after), specs, strict=True)]
    found = difference(*sides)
    if options.out:
        write(Path(options.out), _picture(found, sides[1], options))
        print(options.out)
    elif options.json:
        print(json.dumps(found.data(), indent=2))
    else:
        _print(found)
    return 0


def _refuse(options: argparse.Namespace) -> None:
    ending = Path(options.out or "").suffix
    if options.out is not None and ending not in DRAWN:
        raise UsageError(f"`-o` knows the endings {', '.join(DRAWN)}, not `{ending or options.out}`")
    refuse_json_and_file(options)
    if options.before == options.after == STDIN:
        raise UsageError("only one of the two can be on stdin")
    refuse_pdf(ending, options.engine)


def _spec(name: str, options: argparse.Namespace) -> Spec:
    """A spec from its file, or that of a run with the settings of its training. Raises SpecError."""
    from ..spec import Spec

    given = overrides(options.settings, options.params)
    if name != STDIN and Path(name).is_dir():
        from ..training.run import read_about, read_spec

        spec = read_spec(Path(name), read_about(Path(name)), given, options.allow)
        spec.net_name, spec.recipe_name = options.net or spec.net_name, options.recipe or spec.recipe_name
        return spec
    named = {"net_name": options.net, "recipe_name": options.recipe}
    return Spec(source_of(name), overrides=given, allow=options.allow, **named).checked()


def _side(name: str, spec: Spec) -> Side:
    from ..render.difference import Side

    return Side(name, spec.program, spec.net, spec.table)


def _picture(found: Difference, after: Side, options: argparse.Namespace) -> str | bytes:
    from ..render.graph import Graph

    graph = Graph(after.net, options.engine, options.depth, after.table, given=found.merged.flow)
    tell_of(graph, Path(options.out).suffix)
    return ENDINGS[Path(options.out).suffix](None, graph)


def _print(found: Difference) -> None:
    from rich.console import Console

    from ..render.difference_text import printed

    system = "auto" if colourful(sys.stdout) else None
    console = Console(width=width(), color_system=system, highlight=False, markup=False, emoji=False, soft_wrap=False)
    for each in printed(found):
        console.print(each)
