"""The model's generated source, graph, summary and IR as files.

Without -o: the summary is printed, and build/<spec>/ gets graph.svg, graph.html, model.py, summary.txt and ir.yaml.
With -o FILE the ending says what is written: .py, .svg, .png, .pdf, .dot, .html, .yaml or .txt; -o FOLDER writes the
five files there. With --backward they are pictures of the autograd graph instead: what computes the gradients of the
parameters, and from what. The page, .html, is one file that loads nothing: blocks fold, and the spec is beside it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..render.fonts import unknown
from ..render.layout import FORMATS
from .arguments import UsageError, depth_argument, not_done_yet, spec_arguments
from .files import write
from .output import width
from .specs import model_spec

if TYPE_CHECKING:
    from ..render.graph import Graph
    from ..spec import Spec

FILES = ("graph.svg", "graph.html", "model.py", "summary.txt", "ir.yaml")
BACKWARD = ("backward.svg", "backward.html")
ENDINGS = {
    ".py": lambda spec, graph: spec.source(),
    ".svg": lambda spec, graph: graph.svg(),
    ".png": lambda spec, graph: graph.png(),
    ".pdf": lambda spec, graph: graph.pdf(),
    ".dot": lambda spec, graph: graph.dot,
    ".html": lambda spec, graph: graph.html(),
    ".yaml": lambda spec, graph: ir_yaml(spec),
    ".txt": lambda spec, graph: spec.summary().table() + "\n",
}
"""What each ending stands for: the content of the file, from a spec and its graph."""
PICTURES = (".svg", ".png", ".pdf")
DRAWN = (*PICTURES, ".dot", ".html")

LATER = (".onnx", ".pt2")


def arguments(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser)
    parser.add_argument("-o", dest="out", metavar="PATH", help="a file, by its ending, or a folder")
    parser.add_argument("--engine", choices=FORMATS, default="pure", help="layout: graphviz-pure or the system's dot")
    depth_argument(parser, "draw blocks that lie in N others as one box")
    parser.add_argument("--fold", action="store_true", help="draw equal blocks that follow one another once, as × 6")
    parser.add_argument("--backward", action="store_true", help="draw the autograd graph: what computes the gradients")


def run(options: argparse.Namespace) -> int:
    ending = Path(options.out or "").suffix
    if ending in LATER:
        raise not_done_yet(f"`-o` with the ending `{ending}`")
    if ending and ending not in ENDINGS and not Path(options.out).is_dir():
        raise UsageError(f"`-o` knows the endings {', '.join(ENDINGS)}, not `{ending}`")
    refuse_pdf(ending, options.engine)
    if options.backward and ending in ENDINGS and ending not in DRAWN:
        raise UsageError(f"`--backward` is a picture: `-o` with the endings {', '.join(DRAWN)}, not `{ending}`")
    spec = model_spec(options)
    graph = spec.graph(options.engine, options.depth, options.fold, options.backward)
    if ending in (*PICTURES, ""):
        tell_of(graph, ending)
    if ending in ENDINGS:
        write(Path(options.out), ENDINGS[ending](spec, graph))
        print(options.out)
        return 0
    names = BACKWARD if options.backward else FILES
    contents = {name: ENDINGS[Path(name).suffix](spec, graph) for name in names}
    if not options.out and not options.backward:
        print(spec.summary().table(width()), end="\n\n")
    folder = Path(options.out) if options.out else Path("build", spec.name, *[options.net] * bool(options.net))
    for name, content in contents.items():
        write(folder / name, content)
        print(folder / name)
    return 0


def refuse_pdf(ending: str, engine: str) -> None:
    """Raise UsageError where the engine cannot write what the ending says."""
    if ending == ".pdf" and "pdf" not in FORMATS[engine]:
        raise UsageError("`-o` with the ending `.pdf` needs the system's graphviz: add --engine dot")


def tell_of(graph: Graph, ending: str) -> None:
    """Say on stderr what of a graph is not drawn, or cannot be read."""
    if graph.depth is None and graph.shown is not None:
        print(f"the graph is too large to be read: it is drawn with --depth {graph.shown}", file=sys.stderr)
    if graph.crowded:
        print("the graph has too many lines to be read: draw it with a smaller --depth", file=sys.stderr)
    if ending == ".png" and (letters := unknown(graph.dot)):
        print(f"no font of this system has {letters}: `?` is drawn for each; .svg and .html have them", file=sys.stderr)


def ir_yaml(spec: Spec) -> str:
    import yaml

    from ..ir import dump

    return yaml.safe_dump(dump.program(spec.program), sort_keys=False, allow_unicode=True, width=120)
