"""What TensorBoard is given of a net and of what a report shows."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np

from ...ir.graph import Net
from ...ir.types import TensorType
from ..canvas_png import png
from ..flow import Cluster, Vertex, flow
from ..pixels import Pixels
from ..sheet import Item, sheet
from .matrix import matrix_figure

_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-]+")


def graph_def(net: Net) -> bytes:
    """The graph of a net's layers, functions and operators as TensorFlow's `GraphDef`, serialised: blocks are scopes,
    and each operation has its output's sizes, -1 for those that are symbolic."""
    from tensorboard.compat.proto.graph_pb2 import GraphDef
    from tensorboard.compat.proto.node_def_pb2 import NodeDef

    found = flow(net)
    vertices = list(_scoped(found.root, _UNSAFE.sub("_", found.root.name)))
    names = dict(_named(vertices))
    sources: dict[str, list[str]] = {}
    types: dict[str, Any] = {vertex.id: vertex.type for _, vertex in vertices}
    for edge in found.edges:
        sources.setdefault(edge.target, []).append(names[edge.source])
        types[edge.source] = edge.type
    nodes = []
    for _, vertex in vertices:
        op = type(vertex.layer.prototype).__name__ if vertex.layer else vertex.name
        node = NodeDef(name=names[vertex.id], op=op, input=list(dict.fromkeys(sources.get(vertex.id, ()))))
        if isinstance(kind := types[vertex.id], TensorType):
            shape = node.attr["_output_shapes"].list.shape.add()
            for dim in kind.dims:
                shape.dim.add(size=dim if isinstance(dim, int) else -1)
        nodes.append(node)
    return GraphDef(node=nodes).SerializeToString()


def _scoped(cluster: Cluster, scope: str) -> Iterator[tuple[str, Vertex]]:
    """Each operation with the path of the blocks that it lies in."""
    for item in cluster.items:
        if isinstance(item, Cluster):
            yield from _scoped(item, f"{scope}/{_UNSAFE.sub('_', item.name)}")
        else:
            yield scope, item


def _named(vertices: Sequence[tuple[str, Vertex]]) -> Iterator[tuple[str, str]]:
    """The id of each operation and its name as TensorFlow has it, with a number from its second use on."""
    uses: Counter[str] = Counter()
    for scope, vertex in vertices:
        name = f"{scope}/{_UNSAFE.sub('_', vertex.name)}"
        uses[name] += 1
        yield vertex.id, name if uses[name] == 1 else f"{name}.{uses[name]}"


def pictures(seen: Mapping[str, Any]) -> dict[str, bytes]:
    """The pictures of what was seen, by name, as PNG."""
    part = seen.get("part") or "data"
    found = {}
    if seen.get("confusion"):
        found[f"confusion/{part}"] = png(matrix_figure(seen["confusion"], seen["classes"]))
    shown = [each for each in seen.get("samples", ()) if each["pictures"]]
    if shown:
        found[f"mistakes/{part}"] = png(sheet("", [_mistake(each) for each in shown]))
    if "kernels" in seen:
        found[f"kernels/{seen['kernels']['path']}"] = b64decode(seen["kernels"]["png"])
    found |= {f"features/{each['path']}": b64decode(each["png"]) for each in seen.get("features", ())}
    for number, each in enumerate(seen.get("given", ())):
        found[f"inputs/{number + 1}"] = _row(each)
    return found | {f"made/{each['name']}": _row(each["pictures"]) for each in seen.get("made", ())}


def _mistake(sample: Mapping[str, Any]) -> Item:
    if maps := sample.get("maps"):
        said = f"{sample['predicted']} of {sample['target']} pixels are wrong"
        return Item([_pixels(each) for each in (*sample["pictures"], *maps)], [said])
    return Item([_pixels(each) for each in sample["pictures"]], [f"{sample['target']}, not {sample['predicted']}"])


def _row(each: Sequence[Mapping[str, Any]]) -> bytes:
    return png(sheet("", [Item([_pixels(picture)]) for picture in each]))


def _pixels(picture: Mapping[str, Any]) -> Pixels:
    from PIL import Image

    with Image.open(BytesIO(b64decode(picture["png"]))) as image:
        return np.asarray(image)
