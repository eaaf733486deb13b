"""The picture of a net has the net's edges, and is worth looking at."""

from __future__ import annotations

import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

import tnet
from tests.browser import as_hex, open_page, screenshot
from tnet.opening import read
from tnet.render import style
from tnet.render.flow import flow
from tnet.render.graph import Graph, dot, edges, skips_of, trunk_of
from tnet.render.layout import program

ROOT = Path(__file__).parent.parent.parent

RESIDUAL = """
block Basic() {
  identity = x
  conv: Conv2d(8, 3, padding=1) -> relu
  x += identity
}
net Tiny(image: float[N, 3, 8, 8]) -> logits: float[N, 4] {
  stem: Conv2d(8, 1)
  stage: repeat 2 { Basic }
  a, b = x.chunk(2, dim=1)
  gate: { AdaptiveAvgPool2d(1); x = x * a.mean() }
  flatten(1)
  x = cat([x, flatten(b, 1)], dim=1)
  head: Linear(4)
}
"""

RESIDUAL_EDGES = """
input image -> stem
stem -> stage.0.conv
stage.0.conv -> stage.0.relu
stage.0.relu -> stage.0.+
stem -> stage.0.+
stage.0.+ -> stage.1.conv
stage.1.conv -> stage.1.relu
stage.1.relu -> stage.1.+
stage.0.+ -> stage.1.+
stage.1.+ -> chunk
stage.1.+ -> gate.0
chunk -> gate.mean
gate.0 -> gate.*
gate.mean -> gate.*
gate.* -> flatten
chunk -> flatten (2)
flatten -> cat
flatten (2) -> cat
cat -> head
head -> output logits
"""

SHARED = """
net Twins(a: float[N, 8], b: float[N, 8]) -> distance: float[N] {
  u = a -> encoder: { Linear(4); ReLU }
  v = b -> encoder
  return pairwise_distance(u, v)
}
"""


@cache
def gallery(name: str, net: str | None = None, **hypers):
    spec = tnet.Spec(read(ROOT / "specs" / f"{name}.tnet"), hypers)
    return spec.program.net(net)


NETS = {
    "digits": lambda: gallery("digits"),
    "resnet18": lambda: gallery("resnet", depth=18),
    "gpt": lambda: gallery("gpt"),
    "unet": lambda: gallery("pieces", "UNet"),
    "siamese": lambda: gallery("pieces", "Siamese"),
    "residual": lambda: tnet.loads(RESIDUAL).net,
}


def edges_of_text(text: str) -> list[tuple[str, str]]:
    """The edges that Graphviz reads in a DOT text, by its own `plain` output."""
    plain = subprocess.run([program("pure"), "-Tplain"], input=text, capture_output=True, text=True, check=True).stdout
    lines = (shlex.split(line) for line in plain.splitlines())
    return [(words[1], words[2]) for words in lines if words[0] == "edge"]


@pytest.mark.parametrize("name", NETS)
def test_the_edges_of_the_text_are_those_of_the_net(name):
    net = NETS[name]()
    assert sorted(edges_of_text(dot(net))) == sorted(edges(net))


def test_the_edges_of_a_small_net():
    found = sorted(f"{source} -> {target}" for source, target in edges(tnet.loads(RESIDUAL).net))
    assert found == sorted(RESIDUAL_EDGES.strip().splitlines())


def test_a_shared_submodule_is_drawn_where_it_is_applied():
    spec = tnet.loads(SHARED)
    found = edges(spec.net)
    assert ("input a", "encoder.0") in found and ("input b", "encoder.0 (2)") in found
    assert dot(spec.net).count("(again)") == 3  # its cluster and its two layers
    assert ("encoder.1", "pairwise_distance") in found and ("encoder.1 (2)", "pairwise_distance") in found


def test_skips_are_dashed_and_the_trunk_is_the_longest_path():
    graph = flow(tnet.loads(RESIDUAL).net)
    skips = {(edge.source, edge.target) for edge in skips_of(graph)}
    assert skips == {("stem", "stage.0.+"), ("stage.0.+", "stage.1.+")}
    assert trunk_of(graph)[:5] == ["input image", "stem", "stage.0.conv", "stage.0.relu", "stage.0.+"]
    assert dot(tnet.loads(RESIDUAL).net).count("style=dashed") == 2


def test_the_trunk_is_straight():
    plain = layout_plain(dot(NETS["unet"]()))
    trunk = trunk_of(flow(NETS["unet"]()))
    assert len({plain[name] for name in trunk}) == 1


def layout_plain(text: str) -> dict[str, float]:
    """The horizontal place of each box, in inches."""
    plain = subprocess.run([program("pure"), "-Tplain"], input=text, capture_output=True, text=True, check=True).stdout
    lines = (shlex.split(line) for line in plain.splitlines())
    return {words[1]: round(float(words[2]), 2) for words in lines if words[0] == "node"}


@pytest.mark.parametrize("name", ["digits", "gpt"])
def test_the_svg_is_well_formed_and_has_every_layer(name):
    """M9: a picture of the graph."""
    svg = Graph(NETS[name]()).svg()
    texts = " ".join(
        element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")
    )
    for vertex in flow(NETS[name]()).root.vertices():
        assert (vertex.layer.class_name if vertex.layer else vertex.name) in texts or vertex.kind == "index"


def test_png():
    assert Graph(NETS["digits"]()).png().startswith(b"\x89PNG")


def test_text_of_a_spec_is_escaped():
    text = 'block Odd(note="<script>&\\"\\\\")() { Linear(2) }\nnet A(v: float[N, 2]) -> float[N, 2] { odd: Odd() }'
    svg = Graph(tnet.loads(text).net).svg()
    assert "<script" not in svg and "&lt;script&gt;" in svg
    ElementTree.fromstring(svg)


@pytest.mark.parametrize("fill", style.FILLS)
def test_contrast_of_boxes(fill):
    assert style.contrast(style.FILLS[fill], style.text_on(style.FILLS[fill])) >= 4.5


@pytest.mark.parametrize("colour", [style.TEXT, style.QUIET, style.SKIP])
def test_contrast_of_text(colour):
    assert all(style.contrast(colour, paper) >= 4.5 for paper in (style.PAPER, *style.CLUSTERS))


def test_contrast_is_that_of_the_guideline():
    assert style.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert style.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("relu", "activation"), ("max_pool2d", "pooling"), ("scaled_dot_product_attention", "attention"),
        ("layer_norm", "normalisation"), ("dropout", "dropout"), ("flatten", "other"), ("cat", "other"),
    ],
)  # fmt: skip
def test_functions_are_coloured_as_their_layers(name, kind):
    assert style.function_category(name) == kind


def test_every_operation_of_resnet152_is_drawn():
    net = gallery("resnet", depth=152)
    svg = Graph(net).svg()
    assert len(re.findall(r'class="node"', svg)) == len(list(flow(net).root.vertices()))


FILLS_OF_WORDS = """() => [...document.querySelectorAll('g.node')].flatMap((node) => {
  const box = getComputedStyle(node.querySelector('path, polygon, ellipse')).fill;
  return [...node.querySelectorAll('text')].map((text) => [getComputedStyle(text).fill, box]);
}).concat([...document.querySelectorAll('g.words text')].flatMap((text) => [
  ...document.querySelectorAll('g.cluster path, g.graph > polygon')
].map((box) => [getComputedStyle(text).fill, getComputedStyle(box).fill])))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_has_the_contrast_of_the_screen(scheme, browser, tmp_path):
    path = tmp_path / "graph.svg"
    path.write_text(Graph(NETS["gpt"]()).svg())
    page = open_page(browser, path.as_uri(), scheme)
    pairs = page.evaluate(FILLS_OF_WORDS)
    screenshot(page, f"graph-{scheme}")
    page.context.close()
    assert len(pairs) > 20
    assert all(style.contrast(as_hex(one), as_hex(other)) >= 4.5 for one, other in pairs)


@pytest.mark.parametrize("kind", style.DARK_FILLS)
def test_contrast_of_boxes_on_dark_paper(kind):
    ink = style.ROLES["paper" if kind in ("input", "output") else "ink"][1]
    assert style.contrast(style.DARK_FILLS[kind], ink) >= 4.5
