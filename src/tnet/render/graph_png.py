"""Graphviz's SVG as PNG, drawn by Pillow: lines at twice the size, then halved, so that they are smooth; then words.

graphviz-pure draws PNG itself, but with lines over words, and with letters of few scripts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from math import sqrt
from typing import Any
from xml.etree import ElementTree

from .fonts import BOLD, ITALIC, REGULAR, write
from .strokes import SVG, Point, dashed, name, points
from .style import PAPER

SCALE, MOST = 2.0, 24e6
"""Pixels for a point, of 1/72 inch; and in all."""
FINER = 2
"""Pixels drawn for one of the picture."""
BAND = 2048
"""Pixels of height that are drawn at a time."""
RIM = 1.5
"""Points of paper around words that lines may run under."""


@dataclass(frozen=True)
class Stroke:
    """A line and what it encloses, on the page in points."""

    points: list[Point]
    fill: str
    colour: str
    width: float
    dashes: tuple[float, ...]

    @property
    def reach(self) -> tuple[float, float]:
        heights = [y for _, y in self.points]
        return min(heights) - self.width, max(heights) + self.width


def png(svg: str) -> bytes:
    """The picture on light paper. `svg` is that of `screen.for_screens`."""
    from PIL import Image

    root = ElementTree.fromstring(svg)
    size = [float(root.get(each, "0pt").removesuffix("pt")) for each in ("width", "height")]
    (graph,) = root.findall(f"{{{SVG}}}g")
    offset = _offset(graph.get("transform", ""))
    scale = min(SCALE, sqrt(MOST / max(1.0, size[0] * size[1])))
    width, height = (max(1, round(each * scale)) for each in size)
    image = Image.new("RGB", (width, height), PAPER)
    strokes = list(_strokes(graph, offset))
    for top in range(0, height, BAND):
        image.paste(_band(strokes, scale, (width, min(BAND, height - top)), top), (0, top))
    _write(image, graph, offset, scale)
    out = BytesIO()
    dots = round(scale * 72)
    image.save(out, "PNG", dpi=(dots, dots), compress_level=3)
    return out.getvalue()


def _offset(transform: str) -> Point:
    """The `translate(x y)` at the end of Graphviz's transform; the rest of it does nothing."""
    x, y = transform.rpartition("translate(")[2].rstrip(")").replace(",", " ").split()
    return float(x), float(y)


def _strokes(graph: ElementTree.Element, offset: Point) -> Iterator[Stroke]:
    for element in graph.iter():
        if found := points(element):
            moved = [(x + offset[0], y + offset[1]) for x, y in found]
            colours = [element.get(each, "none").replace("transparent", "none") for each in ("fill", "stroke")]
            dashes = tuple(float(each) for each in element.get("stroke-dasharray", "").split(",") if each)
            yield Stroke(moved, *colours, float(element.get("stroke-width", "1")), dashes)


def _band(strokes: list[Stroke], scale: float, size: tuple[int, int], top: int) -> Any:
    from PIL import Image, ImageDraw

    zoom = scale * FINER
    image = Image.new("RGB", (size[0] * FINER, size[1] * FINER), PAPER)
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        low, high = stroke.reach
        if high * scale < top or low * scale > top + size[1]:
            continue
        line = [(x * zoom, y * zoom - top * FINER) for x, y in stroke.points]
        if stroke.fill != "none":
            draw.polygon(line, stroke.fill)
        if stroke.colour != "none":
            for piece in dashed(line, [each * zoom for each in stroke.dashes]):
                draw.line(piece, stroke.colour, max(1, round(stroke.width * zoom)), joint="curve")
    return image.resize(size, Image.Resampling.BOX)


def _write(image: Any, graph: ElementTree.Element, offset: Point, scale: float) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    above = {text for group in graph.iter() if group.get("class") == "words" for text in group}
    for element in graph.iter():
        if name(element) == "text":
            number = {key: float(element.get(key, "0")) for key in ("x", "y", "font-size")}
            place = (number["x"] + offset[0]) * scale, (number["y"] + offset[1]) * scale
            look = (element.get("fill", "black"), element.get("text-anchor", "start"), _face(element))
            rim = (round(RIM * scale) if element in above else 0, PAPER)
            write(draw, place, "".join(element.itertext()), number["font-size"] * scale, *look, rim)


def _face(element: ElementTree.Element) -> str:
    if element.get("font-weight") == "bold":
        return BOLD
    return ITALIC if element.get("font-style") == "italic" else REGULAR
