"""Blocks folded into one box, where asked for and where a graph is too large to be read."""

from __future__ import annotations

from pathlib import Path

import pytest

import tnet
from tnet.cli.main import main
from tnet.render import fold
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
