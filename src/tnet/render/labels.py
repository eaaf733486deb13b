"""What is written in the boxes of a graph: what an operation or block is, its name, and its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..ir import text
from ..ir.graph import Value
from .dims import Dims
from .flow import Cluster, Edge, Vertex


def words(vertex: Vertex, names: Dims) -> tuple[str, str, str]:
    """What an operation is, the submodule's name if it has one, and its note or the arguments that the spec gives."""
    what, name, detail = _words(vertex, names)
    return what, name, vertex.note or detail


def _words(vertex: Vertex, names: Dims) -> tuple[str, str, str]:
    node = vertex.node
    if vertex.cluster is not None:
        block = vertex.cluster.module.kind == "block"
        operations = sum(1 for _ in vertex.cluster.vertices())
        return (vertex.cluster.module.name if block else vertex.name), vertex.name * block, f"{operations} operations"
    if vertex.layer is not None:
        written = [argument for argument in vertex.layer.arguments if not argument.inferred]
        given = text.arguments(
            tuple(argument.value for argument in written if argument.positional),
            {argument.name: argument.value for argument in written if not argument.positional},
            str,
        )
        name = vertex.name + (" (again)" if vertex.again else "")
        return vertex.layer.class_name, name, given
    if node is None:
        return vertex.name, vertex.path.rpartition(".")[2], names.shape(vertex.type)
    if node.op == "operator":
        return {"neg": "-", "invert": "~"}.get(node.target, node.target), "", literals(node.args, {})
    if node.op in ("index", "set_index"):
        return subscripts(node.args[1]), "", "" if node.op == "index" else "write"
    if node.op == "update":
        return f"{node.target} {node.args[0]}", "", ""
    if node.op == "attribute":
        return f".{node.target}", "", ""
    return vertex.name, "", literals(node.args, node.kwargs)


def subscripts(items: tuple | object) -> str:
    return f"[{', '.join(text.argument(item) for item in (items if isinstance(items, tuple) else (items,)))}]"


def literals(args: tuple, kwargs: dict) -> str:
    """The arguments that are no tensors; tensors come by edges."""
    kept = {name: each for name, each in kwargs.items() if not _tensors(each)}
    return text.arguments(tuple(each for each in args if not _tensors(each)), kept, lambda value: value.name)


def _tensors(argument: object) -> bool:
    if isinstance(argument, tuple | list):
        return bool(argument) and all(map(_tensors, argument))
    return isinstance(argument, Value)


def cluster_words(cluster: Cluster) -> tuple[str, str, str]:
    """The block's or group's name, the submodule's if it is another, and the configuration."""
    module = cluster.module
    if cluster.branch is not None:
        return cluster.name, "", ""
    given = text.arguments((), _rounded(module.config), str)
    if module.kind == "block":
        return module.name, cluster.name, given
    return cluster.name, f"× {len(module.nodes)}" if module.kind == "repeat" else "", given


def _rounded(config: dict) -> dict:
    """Numbers as short as they are worth reading."""
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in config.items()}


def counted(name: str) -> str:
    """`11` of `layer_11`: the names of copies are alike otherwise."""
    return re.search(r"\d*$", name)[0] or name


def shapes(edges: Iterable[Edge], end: str, names: Dims) -> dict[str, list[str]]:
    """The shapes of the values that go out of ("source") or come to ("target") each operation, each shape once."""
    found: dict[str, dict[str, None]] = {}
    for edge in edges:
        found.setdefault(getattr(edge, end), {})[names.shape(edge.type)] = None
    return {id: list(each) for id, each in found.items()}
