"""What changed between two nets: found as a reader would say it, and drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tnet
from tnet.cli.main import main
from tnet.render.dims import Dims
from tnet.render.flow import flow
from tnet.render.merge import merge

BEFORE = """
hyper width = 8 in [8, 16]
block Cell(n) { conv: Conv2d(n, 3, padding=1) -> BatchNorm2d -> relu }
net A(image: float[N, 3, 8, 8]) -> float[N, 4] {
  stem: Conv2d(width, 1)
  body: repeat 3 { Cell(width) }
  flatten(1)
  head: Linear(4)
}
parameters { :bias { init = zeros }
  head { lr = 0.1 } }
data { train = Fake(); split = [0.9, 0.1] }
train { epochs = 2; batch = 4; loss = CrossEntropyLoss; optimizer = SGD(lr=0.1) }
"""


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """The marks and paths of what the merged graph says."""
    nets = [tnet.loads(text).net for text in (before, after)]
    found = merge(flow(nets[0]), flow(nets[1]), (Dims(nets[0]), Dims(nets[1]))).changes
    return [(each.mark, (each.after or each.before).path or (each.after or each.before).id) for each in found]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("repeat 3", "repeat 3", []),
        ("repeat 3", "repeat 2", [("removed", "body.2")]),
        ("  flatten(1)", "  MaxPool2d(1)\n  flatten(1)", [("added", "maxpool2d")]),
        ("-> relu", "-> tanh", [("removed", "body.0.relu"), ("added", "body.0.tanh")] * 1),
        ("Linear(4)\n", "Linear(4, bias=false)\n", [("changed", "head")]),
        ("stem: Conv2d(width, 1)", "stem: Conv2d(width, 3, padding=1)", [("changed", "stem")]),
        ("stem: Conv2d(width, 1)\n", "", [("removed", "stem"), ("changed", "body.0.conv")]),
        ("head: Linear(4)", "head: { Linear(4); Softmax(1) }", [("removed", "head"), ("added", "head")]),
    ],
)
def test_what_a_reader_would_say(old, new, expected):
    found = changes(BEFORE, BEFORE.replace(old, new))
    assert found[: len(expected)] == expected and bool(found) == bool(expected)


def test_numbered_layers_are_aligned_by_what_they_are():
    text = "net A(v: float[N, 4]) { f: { Linear(4); ReLU; Linear(4); Tanh; Linear(4) } }\n"
    assert changes(text, text.replace("ReLU; Linear(4); ", "ReLU; Dropout(0.1); Linear(4); ")) == [("added", "f.2")]


def test_the_common_graph_has_both_nets():
    """Taking one side's marks away leaves the other net's graph."""
    text = BEFORE.replace("  flatten(1)", "  MaxPool2d(1)\n  flatten(1)").replace("repeat 3", "repeat 2")
    nets = [tnet.loads(each).net for each in (BEFORE, text)]
    old, new = map(flow, nets)
    common = merge(old, new, (Dims(nets[0]), Dims(nets[1]))).flow
    marks = {vertex.id: vertex.mark for vertex in common.root.vertices()}
    assert {id for id, mark in marks.items() if mark != "removed"} == {vertex.id for vertex in new.root.vertices()}
    kept = {id.removeprefix("removed ") for id, mark in marks.items() if mark != "added"}
    assert kept == {vertex.id for vertex in old.root.vertices()}
    ends = {(edge.source, edge.target): edge.mark for edge in common.edges}
    assert {pair for pair, mark in ends.items() if mark != "removed"} == {(e.source, e.target) for e in new.edges}
    order = [vertex.id for vertex in common.root.vertices()]
    assert all(order.index(source) < order.index(target) for source, target in ends)


@pytest.fixture
def files(tmp_path, monkeypatch) -> tuple[str, str]:
    monkeypatch.chdir(tmp_path)
    after = (
        BEFORE.replace("width = 8", "width = 16")
        .replace("lr = 0.1 }", "lr = 0.2 }")
        .replace("epochs = 2", "epochs = 3")
    )
    Path("a.tnet").write_text(BEFORE)
    Path("b.tnet").write_text(after.replace("batch = 4", "batch = 4; clip_norm = 1").replace("split = [0.9, 0.1]", ""))
    return "a.tnet", "b.tnet"


def test_everything_that_differs_is_told(files, capsys):
    assert main(["diff", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    told = {about: [(line["what"], line["mark"], line["before"], line["after"]) for line in lines]
            for about, lines in found.items() if isinstance(lines, list)}  # fmt: skip
    assert told["hyper-parameters"] == [("width", "changed", "8", "16")]
    assert ("head", "changed", "Linear(4) [N, 4], 2,052 parameters", "Linear(4) [N, 4], 4,100 parameters") in told[
        "layers"
    ]
    assert told["totals"][0][0] == "parameters"
    assert told["rules"] == [("head", "removed", "lr = 0.1", ""), ("head", "added", "", "lr = 0.2")]
    assert told["effects"] == [("lr of head.weight, head.bias", "changed", "0.1", "0.2")]
    assert told["data"] == [("split", "removed", "[0.9, 0.1]", "")]
    assert told["train"] == [("epochs", "changed", "2", "3"), ("clip_norm", "added", "", "1")]


def test_the_terminal(files, capsys):
    assert main(["diff", *files]) == 0
    out = capsys.readouterr().out
    assert out.startswith("- a.tnet\n+ b.tnet\n") and "  ~ width  8 → 16" in out and "\x1b" not in out
    assert main(["diff", files[0], files[0]]) == 0
    assert "no difference" in capsys.readouterr().out
    assert main(["diff", *files, "width=16"]) == 0
    assert "width" not in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["svg", "dot", "html"])
def test_the_picture(files, ending, capsys):
    assert main(["diff", *files, "-o", f"d.{ending}"]) == 0
    text = Path(f"d.{ending}").read_text()
    assert ("#8250df" in text or '"mark":"changed"' in text) and "8, 1 → 16, 1" in text.replace("&#45;&gt;", "→")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["a.tnet", "missing.tnet"], 4, "no such file"),
        (["a.tnet", "."], 4, "no folder of a run"),
        (["-", "-"], 2, "only one of the two"),
        (["a.tnet", "b.tnet", "-o", "x.txt"], 2, "knows the endings"),
        (["a.tnet", "b.tnet", "-o", "x.pdf"], 2, "--engine dot"),
        (["a.tnet", "b.tnet", "-o", "x.svg", "--json"], 2, "both say"),
        (["a.tnet", "b.tnet", "nothing=1"], 1, "`nothing`"),
        (["a.tnet", "b.tnet", "--net", "B"], 1, "no net is called `B`"),
        (["a.tnet"], 2, "required"),
    ],
)
def test_misuse(files, capsys, arguments, code, words):
    assert main(["diff", *arguments]) == code
    assert words in capsys.readouterr().err
