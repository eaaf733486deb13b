"""The pictures of the gallery, measured in a browser: nothing overlaps or is clipped, no line runs through a title."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tnet
from tests.browser import open_page, screenshot
from tnet.opening import read
from tnet.render.graph import Graph

SPECS = Path(__file__).parents[2] / "specs"
GALLERY = sorted(path.stem for path in SPECS.glob("*.tnet"))

GEOMETRY = """() => {
  const place = (each) => { const r = each.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const points = (path) => Array.from({length: Math.ceil(path.getTotalLength() / 3)}, (_, number) => {
    const point = path.getPointAtLength(3 * number).matrixTransform(path.getScreenCTM());
    return [point.x, point.y];
  });
  return {
    paper: place(document.querySelector('g.graph > polygon')),
    boxes: all('g.node').map((node) => ({
      box: place(node.querySelector('path, polygon, ellipse')), texts: all('text', node).map(place),
    })),
    blocks: all('g.cluster').map((block) => place(block.querySelector('path, polygon'))),
    titles: all('g.words text:not([font-size^="8"])').filter((text) => text.textContent.trim()).map(place),
    shapes: all('g.words text[font-size^="8"]').map(place),
    lines: all('g.edge path').flatMap(points),
  };
}"""


@cache
def nets(name: str) -> dict[str, Any]:
    return dict(tnet.Spec(read(SPECS / f"{name}.tnet")).program.nets)


def apart(one: list[float], other: list[float]) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def within(inner: list[float], outer: list[float], slack: float = 0.5) -> bool:
    starts = all(a >= b - slack for a, b in zip(inner[:2], outer[:2], strict=True))
    return starts and all(a <= b + slack for a, b in zip(inner[2:], outer[2:], strict=True))


def drawn_well(page: Any) -> None:
    found = page.evaluate(GEOMETRY)
    boxes = [each["box"] for each in found["boxes"]]
    assert boxes and all(within(text, each["box"]) for each in found["boxes"] for text in each["texts"])
    assert all(within(each, found["paper"]) for each in (*boxes, *found["blocks"], *found["titles"], *found["shapes"]))
    assert all(apart(*pair) for pair in combinations(boxes, 2))
    for one, other in combinations(found["blocks"], 2):
        assert apart(one, other) or within(one, other) or within(other, one)
    for words in (*found["titles"], *found["shapes"]):
        assert all(apart(words, each) for each in boxes)
    assert all(apart(title, shape) for title in found["titles"] for shape in found["shapes"])
    assert all(apart(*pair) for pair in combinations(found["shapes"], 2))
    for left, top, right, bottom in found["titles"]:
        assert any(within([left, top, right, bottom], block) for block in found["blocks"])
        assert not any(left < x < right and top + 3 < y < bottom - 3 for x, y in found["lines"])


def shown(browser: Any, path: Path, graph: Graph) -> Any:
    path.write_text(graph.svg(), encoding="utf-8")
    return open_page(browser, path.as_uri())


@pytest.mark.parametrize("name", GALLERY)
def test_nothing_overlaps_and_nothing_is_clipped(name, browser, tmp_path):
    for net in nets(name).values():
        page = shown(browser, tmp_path / "graph.svg", Graph(net))
        drawn_well(page)
        page.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("look", [{"fold": True}, {"depth": 0}, {"depth": 1}], ids=str)
@pytest.mark.parametrize("name", GALLERY)
def test_nor_where_blocks_are_folded(name, look, browser, tmp_path):
    for net in nets(name).values():
        page = shown(browser, tmp_path / "graph.svg", Graph(net, **look))
        drawn_well(page)
        page.context.close()


@pytest.mark.parametrize("name", ["gan", "vit", "dynamic"])
def test_the_png_is_the_picture_that_a_browser_shows(name, browser, tmp_path):
    """But for the letters' shapes: seen from afar, so that fonts make little of a difference."""
    graph = Graph(next(iter(nets(name).values())), fold=True)
    page = shown(browser, tmp_path / "graph.svg", graph)
    size = page.evaluate(
        "() => { const r = document.documentElement.getBoundingClientRect(); return [r.width, r.height] }"
    )
    page.set_viewport_size({"width": round(size[0]), "height": round(size[1])})
    seen = Image.open(screenshot(page, f"graph-{name}"))
    page.context.close()
    drawn = Image.open(BytesIO(graph.png()))
    assert drawn.width / drawn.height == pytest.approx(size[0] / size[1], rel=0.01)
    small = (round(size[0] / 6), round(size[1] / 6))
    one, other = (np.asarray(each.convert("RGB").resize(small, Image.Resampling.BOX), float) for each in (seen, drawn))
    differences = np.abs(one - other)
    assert differences.mean() < 3 and np.quantile(differences, 0.99) < 60
