"""PNG pictures of graphs: the words beside the lines, and the letters that fonts have."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

import tnet
from tnet.cli.main import main
from tnet.render import fonts, graph_png, titles
from tnet.render.strokes import SVG, dashed, points

BLOCK = """<g xmlns="http://www.w3.org/2000/svg" class="graph">
<g class="cluster"><polygon points="0,0 100,0 100,50 0,50"/><text x="8" y="12" font-size="10">block</text>
<text x="8" y="22" font-size="10">a, b</text></g>
<g class="edge"><path d="M{0},-20C{0},-20 {1},60 {1},60"/></g></g>"""


def placed(start: float, end: float) -> list[float]:
    """Where the two lines of a title begin, in a block that a line runs through from one place to another."""
    graph = ElementTree.fromstring(BLOCK.format(start, end))
    titles.place(graph)
    return [float(text.get("x")) for text in graph.iter(f"{{{SVG}}}text")]


def test_titles_stand_where_no_line_runs():
    wide = max(titles.width_of(words, 10) for words in ("block", "a, b"))
    assert placed(90, 90) == [8, 8] == placed(120, 120)
    assert placed(20, 20) == [24, 24]
    assert placed(8 + wide + 5, 8 + wide + 5) == [8, 8]
    assert placed(-50, 150)[0] > 50  # slanted: where it is at the height of the title
    graph = ElementTree.fromstring(BLOCK.format(50, 50).replace("block", "a title as wide as its block"))
    titles.place(graph)
    assert [text.get("x") for text in graph.iter(f"{{{SVG}}}text")] == ["8", "8"]


def test_lines_of_graphviz_as_points():
    found = points(ElementTree.fromstring(f'<path xmlns="{SVG}" d="M0,0C0,0 10,0 10,0 20,0 20,10 20,20"/>'))
    assert found[:2] == [(0, 0), (10, 0)] and found[-1] == (20, 20) and len(found) > 5
    assert points(ElementTree.fromstring(f'<text xmlns="{SVG}">a</text>')) == []


def test_dashes_go_around_corners():
    assert list(dashed([(0, 0), (10, 0)], ())) == [[(0, 0), (10, 0)]]
    assert list(dashed([(0, 0), (5, 0), (5, 5)], (4, 2))) == [[(0, 0), (4, 0)], [(5, 1), (5, 5)]]


def test_letters_that_no_font_has_are_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fonts, "FURTHER", ())
    fonts._font_of.cache_clear()
    Path("a.tnet").write_text('block B(note="é \u5377\u5377")() { relu }\nnet A(v: float[N, 2]) { B }')
    assert main(["build", "a.tnet", "-o", "a.png"]) == 0
    assert "\u5377: `?` is drawn for each" in capsys.readouterr().err
    assert main(["build", "a.tnet", "-o", "a.svg"]) == 0
    assert "\u5377\u5377" in Path("a.svg").read_text(encoding="utf-8") and not capsys.readouterr().err
    fonts._font_of.cache_clear()


def test_without_the_systems_fonts_pillows_own_is_used(monkeypatch):
    monkeypatch.setattr(fonts, "FACES", dict.fromkeys(fonts.FACES, ()))
    monkeypatch.setattr(fonts, "FURTHER", ())
    fonts._font_of.cache_clear()
    assert "".join(piece for piece, _ in fonts.runs("a\u5377b", 12)) == "a?b" and fonts.unknown("ab") == ""
    fonts._font_of.cache_clear()


def test_each_run_of_letters_has_one_font():
    pieces = list(fonts.runs("Linear 128", 12, fonts.BOLD))
    assert [piece for piece, _ in pieces] == ["Linear 128"] and pieces[0][1].size == 12


@pytest.mark.parametrize("most", [10e6, 1e4])
def test_a_picture_has_the_pixels_that_are_allowed(most, monkeypatch):
    monkeypatch.setattr(graph_png, "MOST", most)
    monkeypatch.setattr(graph_png, "BAND", 50)
    graph = tnet.loads("net A(v: float[N, 2]) { Linear(2); relu; Linear(2) }").graph()
    image = Image.open(BytesIO(graph.png()))
    width = float(ElementTree.fromstring(graph.svg()).get("width").removesuffix("pt"))
    assert image.width * image.height <= most * 1.02
    assert image.info["dpi"][0] == pytest.approx(72 * image.width / width, abs=1)
    fills = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    assert {(255, 255, 255), (0xD9, 0xD3, 0xF7), (0xFD, 0xEA, 0xB5), (0x24, 0x29, 0x2F)} <= fills
