"""The gallery's page: each spec with what it is, its lines, its parameters and a picture of its outermost steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from math import prod
from pathlib import Path

from tnet.cli.new import about
from tnet.ir import graph as ir
from tnet.ir.sites import parameters
from tnet.render.dims import Dims
from tnet.render.titles import width_of

ROW, GAP, SIZE = 24, 6, 12
HEAD = """\
# The gallery

Short specs to read, train and start from: `tnet new mine.tnet --from unet` copies one. Those of published nets have
torchvision's submodule names where torchvision has the net, and its outputs and gradients to the bit. Lines are those
that are neither empty nor comments; parameters are those at the hyper-parameters' defaults.

"""


def page(specs: list[tuple[Path, ir.Net]]) -> str:
    """The text of `specs/README.md`."""
    rows = [
        f"| [{path.stem}](#{path.stem}) | {about(path.read_text())} | {lines(path)} | {count(net):,} |"
        for path, net in specs
    ]
    table = ["| spec | what it is | lines | parameters |", "| --- | --- | --- | --- |", *rows]
    pictures = [f"## {path.stem}\n\n[{path.name}]({path.name})\n\n![{net.name}](pictures/{path.stem}.svg)\n"
                for path, net in specs]  # fmt: skip
    return HEAD + "\n".join(table) + "\n\n" + "\n".join(pictures)


def lines(path: Path) -> int:
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in path.read_text().splitlines())


def count(net: ir.Net) -> int:
    return sum(prod(site.shape) for site in parameters(net.root))


def picture(net: ir.Net) -> str:
    """An SVG with a box for each submodule of the net in the order applied, and the shape that it gives beside it."""
    boxes = list(steps(net))
    box = round(max(width_of(name, SIZE) for name, _ in boxes)) + 20
    width = box + round(max(width_of(shape, SIZE) for _, shape in boxes)) + 28
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{ROW * len(boxes)}"'
        f' font-family="Helvetica, Arial" font-size="{SIZE}">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for number, (name, shape) in enumerate(boxes):
        top, line = number * ROW, number * ROW + 14
        drawn.append(
            f'<rect x="1" y="{top + 1}" width="{box}" height="{ROW - GAP}" rx="4" fill="#eef3fb" stroke="#4a6fa5"/>'
            f'<text x="10" y="{line}" fill="#1b2a41">{escape(name)}</text>'
            f'<text x="{box + 14}" y="{line}" fill="#57606a">{escape(shape)}</text>'
        )
    return "\n".join([*drawn, "</svg>\n"])


def steps(net: ir.Net) -> Iterator[tuple[str, str]]:
    """Inputs, then the submodules, with groups opened: what stands in a box and beside it."""
    names = Dims(net)
    for value in net.root.inputs:
        yield value.name, names.shape(value.type)
    yield from applied(net.root, "", names)


def applied(module: ir.Module, prefix: str, names: Dims) -> Iterator[tuple[str, str]]:
    for node in ir.walk(module.nodes):
        child = module.children[node.target] if node.op == "apply" else None
        if isinstance(child, ir.Module) and child.kind == "group":
            yield from applied(child, f"{prefix}{node.target}.", names)
        elif child is not None:
            kind = child.class_name if isinstance(child, ir.Layer) else child.name
            same = kind.lower() == re.sub(r"_\d+$", "", node.target).replace("_", "").lower()
            given = next(ir.leaves(node.result))
            yield prefix + (node.target if same else f"{node.target}: {kind}"), names.shape(given.type)
