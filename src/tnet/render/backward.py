"""The autograd graph behind a net's outputs: what computes the gradients of its inputs and parameters, in that order.

It is read off a pass over the meta device, from each output's `grad_fn` along `next_functions`
(https://docs.pytorch.org/docs/stable/notes/autograd.html), in the blocks whose forward passes made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..catalog.models import prototype
from ..codegen import generate, load
from ..diagnostics import error
from ..ir.graph import Layer, Module, Net, leaves
from ..ir.types import TensorType
from ..parameters import RuleTable
from .flow import Cluster, Edge, Flow, Vertex
from .sizes import example_inputs, sizes


def backward(net: Net, source: str | None = None, table: RuleTable | None = None) -> Flow:
    """The graph from the gradients of the outputs to those of the inputs and parameters, at `sizes(net)`; parameters
    that `table` freezes for good have none. Raises SpecError where the net does not run without values.
    """
    model = prototype(load(source or generate(net), net.name, f"<{net.name}>")).model
    for name, parameter in model.named_parameters(remove_duplicate=False):
        parameter.requires_grad_(table is None or table.freeze(name) is not True)
    made = _Made(model)
    inputs = example_inputs(net, "meta", sizes(net))
    given = list(_tensors(inputs))
    for each in given:
        each.requires_grad_(each.is_floating_point() or each.is_complex())
    outputs = made.run(inputs, net)
    return _Reader(net, model, made.place, given).read(outputs)


def _tensors(structure: Any) -> Iterator[Any]:
    import torch

    if isinstance(structure, torch.Tensor):
        yield structure
    elif isinstance(structure, dict):
        yield from _tensors(list(structure.values()))
    elif isinstance(structure, list | tuple):
        for each in structure:
            yield from _tensors(each)


class _Made:
    """Which module made each node of the autograd graph: the innermost, whose hook runs first."""

    def __init__(self, model: Any):
        self.model = model
        self.place: dict[Any, str] = {}
        self.before: list[set[Any]] = []

    def run(self, inputs: list[Any], net: Net) -> list[Any]:
        import torch

        hooks = []
        for path, module in self.model.named_modules():
            hooks.append(module.register_forward_pre_hook(self.enter))
            hooks.append(module.register_forward_hook(lambda _, __, given, path=path: self.leave(given, path)))
        try:
            with torch.enable_grad():
                return list(_tensors(self.model(*inputs)))
        except (NotImplementedError, RuntimeError) as problem:
            reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
            message = f"`{net.name}` does not run without values, so its autograd graph is not known: {reason}"
            raise error("TN0404", message, net.span) from problem
        finally:
            for hook in hooks:
                hook.remove()

    def enter(self, module: Any, given: Any) -> None:
        self.before.append({each.grad_fn for each in _tensors(given)})

    def leave(self, given: Any, path: str) -> None:
        seen = self.before.pop()
        waiting = [each.grad_fn for each in _tensors(given)]
        while waiting:
            node = waiting.pop()
            if node is not None and node not in seen:
                seen.add(node)
                self.place.setdefault(node, path)
                waiting += [each for each, _ in node.next_functions]


class _Reader:
    def __init__(self, net: Net, model: Any, place: dict[Any, str], given: list[Any]):
        self.net = net
        self.place = place
        self.named = {id(each): name for name, each in model.named_parameters()}
        names = (value.name for value in leaves(net.root.inputs))
        self.inputs = {id(each): name for name, each in zip(names, given, strict=True)}
        self.flow = Flow(Cluster("net", net.name, net.root, span=net.span))
        self.clusters: dict[str, Cluster] = {"": self.flow.root}
        self.ids: dict[Any, str] = {}

    def read(self, outputs: list[Any]) -> Flow:
        """The vertices in an order in which gradients come to be known."""
        starts = [(number, each) for number, each in enumerate(outputs) if each.grad_fn is not None]
        for number, each in starts:
            name = f"gradient of output {number + 1}" if len(outputs) > 1 else "gradient of the output"
            self.flow.root.items.append(Vertex(f"start {number}", "input", name, type=_type(each)))
        for node in _ordered([each.grad_fn for _, each in starts]):
            self.enter(node)
        for number, each in starts:
            self.flow.edges.append(Edge(f"start {number}", self.ids[each.grad_fn], _type(each)))
        for node, id in self.ids.items():
            for below, number in node.next_functions:
                if below is not None:
                    self.flow.edges.append(Edge(id, self.ids[below], _gradient(below, number)))
        return self.flow

    def enter(self, node: Any) -> None:
        self.ids[node] = f"gradient {len(self.ids)}"
        variable = getattr(node, "variable", None)
        if variable is not None:
            name = self.named.get(id(variable)) or self.inputs.get(id(variable), "a value of the net")
            kind = "leaf" if id(variable) in self.named else "output"
            path = name.rpartition(".")[0] if id(variable) in self.named else ""
            vertex = Vertex(self.ids[node], kind, f"gradient of {name}", type=_type(variable), span=self.span(path))
        else:
            path = self.place.get(node, "")
            words = node.name().removesuffix("0").removesuffix("Backward")
            vertex = Vertex(self.ids[node], "gradient", words, type=_gradient(node, 0), span=self.span(path), path=path)
        self.cluster(path).items.append(vertex)

    def cluster(self, path: str) -> Cluster:
        """The cluster of the innermost block at a path; layers have none of their own."""
        if path in self.clusters:
            return self.clusters[path]
        above, _, name = path.rpartition(".")
        module = self.at(path)
        if not isinstance(module, Module):
            return self.cluster(above)
        outer = self.cluster(above)
        found = self.clusters[path] = Cluster(f"in {path}", name, module, span=module.span, path=path)
        outer.items.append(found)
        return found

    def at(self, path: str) -> Module | Layer | None:
        found: Module | Layer | None = self.net.root
        for name in path.split(".") if path else ():
            found = found.children.get(name) if isinstance(found, Module) else None
        return found

    def span(self, path: str) -> Any:
        module = self.at(path)
        return module.span if module is not None and path else None


def _ordered(starts: list[Any]) -> list[Any]:
    """All nodes, each after those that it takes gradients from."""
    found: dict[Any, int] = {}
    waiting = list(starts)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found[node] = 0
            waiting += [below for below, _ in node.next_functions if below is not None]
    for node in found:
        for below, _ in node.next_functions:
            if below is not None:
                found[below] += 1
    ready, order = [each for each in dict.fromkeys(starts) if not found[each]], []
    while ready:
        order.append(node := ready.pop(0))
        for below, _ in node.next_functions:
            if below is not None:
                found[below] -= 1
                if not found[below]:
                    ready.append(below)
    return order


def _type(tensor: Any) -> TensorType:
    return TensorType(str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape))


def _gradient(node: Any, number: int) -> TensorType:
    """The type of the gradient that a node is given for one of the results of its forward."""
    about = node._input_metadata[number]
    return TensorType(str(about.dtype).removeprefix("torch."), tuple(map(int, about.shape)))
