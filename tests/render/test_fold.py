"""Blocks folded into one box, where asked for and where a graph is too large to be read."""

from __future__ import annotations

from pathlib import Path

import pytest

import tnet
from tnet.cli.main import main
from tnet.render import fold
from tnet.render.dims import Dims
from tnet.render.flow import flow

SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture(scope="module")
def net():
    return tnet.load(SPECS / "resnet.tnet", depth=18).net


def test_folding_keeps_the_edges_between_boxes(net):
    graph = flow(net)
    found = fold.folded(graph, 1)
    boxes = {vertex.id: vertex for vertex in found.root.vertices()}
    assert boxes["in layer1.0"].kind == "folded" and boxes["conv1"].kind == "layer"
    assert {(edge.source, edge.target) for edge in found.edges} >= {
        ("in layer1.0", "in layer1.1"),
        ("in layer1.1", "in layer2.0"),
    }
    assert {edge.source for edge in found.edges} | {edge.target for edge in found.edges} <= boxes.keys()
    assert fold.folded(graph, fold.depth_of(graph.root)).edges == graph.edges
    assert [edge.target for edge in fold.folded(graph, 0).edges if edge.source == "in layer1"] == ["in layer2"]


def test_a_graph_is_drawn_as_deep_as_it_can_be_read(net, monkeypatch):
    graph = flow(net)
    assert fold.readable(graph) == (graph, None)
    monkeypatch.setattr(fold, "MOST_EDGES", 40)
    found, depth = fold.readable(graph)
    assert depth == 1 and len(found.edges) <= 40 < len(fold.folded(graph, 2).edges)
    monkeypatch.setattr(fold, "MOST_EDGES", 1)
    assert fold.readable(graph)[1] == 0


def test_dense_blocks_are_folded():
    assert tnet.load(SPECS / "densenet.tnet").graph().shown == 1


def test_the_command_says_what_it_folds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    spec = str(SPECS / "resnet.tnet")
    assert main(["build", spec, "depth=18", "-o", "a.svg", "--depth", "1"]) == 0
    assert "9 operations" in Path("a.svg").read_text() and not capsys.readouterr().err
    monkeypatch.setattr(fold, "MOST_EDGES", 40)
    assert main(["build", spec, "depth=18", "-o", "b.svg"]) == 0
    assert "drawn with --depth 1" in capsys.readouterr().err
    assert Path("a.svg").read_text() == Path("b.svg").read_text()
    assert main(["build", spec, "--depth", "x", "-o", "c.svg"]) == 2 and not Path("c.svg").exists()


COPIES = """
block Cell(n) { skip = x; Linear(n); relu; x += skip }
net A(v: float[N, 4]) {
  body: repeat 3 { Cell(4); Cell(4) }
  other: repeat 2 as i { Linear(4 + i); relu }
  Cell(5)
}
"""


def test_equal_blocks_are_drawn_once():
    net = tnet.loads(COPIES).net
    whole = flow(net)
    found = fold.once(whole, Dims(net))
    names = [cluster.name for cluster in clusters(found.root)]
    assert names == ["body", "0 … 2 × 3", "0 … 1 × 2", "other", "0", "1", "cell"]
    ends = {(edge.source, edge.target) for edge in found.edges}
    assert ("body.0.0.+", "other.0.0") in ends and ("input v", "body.0.0.linear") in ends
    assert len({source for source, _ in ends} | {target for _, target in ends}) == 2 + 3 + 2 * 2 + 3
    assert fold.once(found, Dims(net)).edges == found.edges


def clusters(cluster):
    for item in cluster.items:
        if hasattr(item, "items"):
            yield item
            yield from clusters(item)


def test_folding_by_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.tnet").write_text(COPIES)
    for name in ("a.svg", "a.html", "a.dot"):
        assert main(["build", "a.tnet", "-o", name, "--fold"]) == 0
        assert "0 … 2 × 3" in Path(name).read_text()


def test_equal_copies_fold_in_the_autograd_graph_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "block B() { identity = x; conv: Conv2d(4, 1); relu; x += identity }\n"
    Path("a.tnet").write_text(text + "net A(v: float[N, 4, 8, 8]) { body: repeat 3 { B } }")
    for more in ([], ["--fold"]):
        assert main(["build", "a.tnet", "--backward", "-o", "a.svg", *more]) == 0
        drawn = Path("a.svg").read_text()
        assert ("2 … 0 × 3" in drawn) == bool(more)
        assert [f"gradient of body.{number}.conv.weight" in drawn for number in range(3)] == [not more, not more, True]


def test_names_of_copies_are_alike_but_for_a_number():
    net = tnet.loads(
        'block B() { Linear(2); relu }\nnet A(v: float[N, 2]) { for i in range(12) { "layer_{i}": B } }'
    ).net
    found = fold.once(flow(net), Dims(net))
    assert [cluster.name for cluster in clusters(found.root)] == ["layer_0 … 11 × 12"]
