"""The autograd graph drawn is PyTorch's own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import tnet
from tnet.cli.main import main
from tnet.render.backward import backward
from tnet.render.sizes import example_inputs

SPECS = Path(__file__).parents[2] / "specs"

RESIDUAL = """
block Cell { identity = x; conv: Conv2d(4, 3, padding=1) -> relu; x += identity }
net A(image: float[N, 3, 8, 8], bias: float[N, 4]) -> a: float[N, 4], b: float[N, 2] {
  x = image -> stem: Conv2d(4, 1)
  repeat 2 { Cell }
  x = x.mean([2, 3]) + bias
  y = x.detach() -> aside: Linear(4)
  b = x + 0 * y -> head: Linear(2)
  return x, b
}
parameters { aside { freeze = true } }
"""


def walked(spec: tnet.Spec) -> tuple[Counter, Counter]:
    """The nodes and edges behind the outputs of a real pass, by name."""
    model = spec.model().eval()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(spec.table.freeze(name) is not True)
    inputs = example_inputs(spec.net, "cpu")
    for each in inputs:
        each.requires_grad_(each.is_floating_point())
    found = model(*inputs)
    waiting = [each.grad_fn for each in (found if isinstance(found, tuple) else (found,))]
    seen, edges = set(), Counter()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            below = [each for each, _ in node.next_functions if each is not None]
            edges.update((node.name(), each.name()) for each in below)
            waiting += below
    return Counter(node.name() for node in seen), edges


@pytest.mark.parametrize("text", [RESIDUAL, "lenet", "mlp"])
def test_nodes_and_edges_are_those_of_a_real_pass(text):
    """M17: the graph behind an output."""
    spec = tnet.loads(text) if "{" in text else tnet.load(SPECS / f"{text}.tnet")
    graph = backward(spec.net, spec.source(), spec.table)
    drawn = [vertex for vertex in graph.root.vertices() if vertex.kind != "input"]
    nodes, edges = walked(spec)
    assert len(drawn) == nodes.total()
    assert len(graph.edges) - len(spec.net.outputs) == edges.total()
    leaves = sum(vertex.name.startswith("gradient of") for vertex in drawn)
    assert leaves == nodes["torch::autograd::AccumulateGrad"]


def test_each_parameter_that_is_trained_has_its_gradient():
    """M17: a frozen one has none."""
    spec = tnet.loads(RESIDUAL)
    graph = spec.graph(backward=True).given
    names = {vertex.name.removeprefix("gradient of ") for vertex in graph.root.vertices() if vertex.kind == "leaf"}
    assert names == {name for name in spec.table.parameters if not name.startswith("aside")}
    inputs = {vertex.name for vertex in graph.root.vertices() if vertex.kind == "output"}
    assert inputs == {"gradient of image", "gradient of bias"}


def test_nodes_stand_in_the_blocks_that_made_them():
    graph = tnet.loads(RESIDUAL).graph(backward=True).given
    (repeat,) = (item for item in graph.root.items if item.id == "in repeat")
    assert [item.name for item in repeat.items] == ["1", "0"]
    assert [vertex.name for vertex in repeat.items[0].vertices()][:3] == ["Add", "Relu", "Convolution"]
    order = {vertex.id: number for number, vertex in enumerate(graph.root.vertices())}
    assert all(order[edge.source] < order[edge.target] for edge in graph.edges)


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a.tnet").write_text(RESIDUAL)
    assert main(["build", "a.tnet", "--backward"]) == 0
    assert capsys.readouterr().out.split() == ["build/a/backward.svg", "build/a/backward.html"]
    assert "gradient of head.weight" in Path("build/a/backward.svg").read_text()
    assert main(["build", "a.tnet", "--backward", "-o", "b.svg", "--depth", "0"]) == 0
    assert "10 operations" in Path("b.svg").read_text()
    assert main(["build", "a.tnet", "--backward", "-o", "b.py"]) == 2
    assert "`--backward` is a picture" in capsys.readouterr().err


def test_a_net_that_needs_values_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a.tnet").write_text("net A(v: float[N, 4]) { x = x[nonzero(x > 0)[:, 0]]; Linear(2) }")
    assert main(["build", "a.tnet", "--backward", "-o", "b.svg"]) == 1
    assert "does not run without values" in capsys.readouterr().err
