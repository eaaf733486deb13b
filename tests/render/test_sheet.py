"""Pictures in rows: nothing overlaps or leaves the paper, and pixels are what was given."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from tnet.render.canvas import SIZE, Box, Picture, Text, width_of
from tnet.render.canvas_png import SCALE, png
from tnet.render.canvas_svg import svg
from tnet.render.pixels import picture, signed, spread
from tnet.render.sheet import Item, sheet

SVG = "{http://www.w3.org/2000/svg}"


def ramp(height, width, channels=0):
    shape = (height, width, channels) if channels else (height, width)
    return (np.arange(np.prod(shape)) % 256).astype(np.uint8).reshape(shape)


LONG = "a class name that goes on and on, andhasonewordthatcannotbebrokenatanyblank, to the end"
SHEETS = {
    "digits": [Item([ramp(8, 8)], [f"{n}", "0.9981"]) for n in range(19)],
    "photographs": [Item([ramp(200, 300, 3)], [LONG, "0.5"], "5") for _ in range(4)],
    "pairs": [Item([ramp(28, 28), ramp(28, 28, 3), ramp(14, 28)], ["one"]) for _ in range(5)],
    "bare": [Item([ramp(3, 3)]) for _ in range(40)],
    "several sizes": [Item([ramp(n, 60 - n)], [str(n)] * n) for n in range(1, 8)],
    "one column": [Item([ramp(1, 900)], ["a line"])],
}


def box(shape):
    if isinstance(shape, Text):
        return shape.x, shape.y - SIZE * 0.8, shape.x + width_of(shape.text), shape.y + SIZE * 0.2
    return shape.left, shape.top, shape.left + shape.width, shape.top + shape.height


@pytest.mark.parametrize("name", SHEETS)
def test_nothing_overlaps_or_is_clipped(name):
    canvas = sheet("a title", SHEETS[name])
    boxes = [box(shape) for shape in canvas.shapes]
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= canvas.width and 0 <= top < bottom <= canvas.height
    for one, other in combinations(boxes, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)


def test_the_pixels_are_those_given():
    given = ramp(8, 8, 3)
    canvas = sheet("", [Item([given])])
    (shape,) = [each for each in canvas.shapes if isinstance(each, Picture)]
    assert (np.asarray(Image.open(BytesIO(shape.png))) == given).all()
    drawn = np.asarray(Image.open(BytesIO(png(canvas))))
    left, top, zoom = round(shape.left * SCALE), round(shape.top * SCALE), round(shape.width * SCALE / 8)
    middles = drawn[top + zoom // 2 :: zoom, left + zoom // 2 :: zoom][:8, :8]
    assert (middles == given).all()
    (element,) = ElementTree.fromstring(svg(canvas)).iter(f"{SVG}image")
    assert b64decode(element.get("href").partition(",")[2]) == shape.png


def test_text_is_shown_and_no_more():
    canvas = sheet("<b>&", [Item([ramp(2, 2)], ["<script>x</script>", "a\x00b\u202ec"])])
    texts = [each.text for each in ElementTree.fromstring(svg(canvas)).iter(f"{SVG}text")]
    assert texts[0] == "<b>&" and "<script>x</script>" in "".join(texts) and r"a\x00b\u202ec" in texts
    assert png(canvas)


def test_numbers_as_pixels():
    image = torch.tensor([[[0.0, 0.5], [1.0, float("nan")]]])
    assert picture(image).tolist() == [[0, 128], [255, 0]]
    assert picture(image.expand(3, 2, 2)).shape == (2, 2, 3)
    assert picture(torch.tensor([[[7]]], dtype=torch.uint8)).tolist() == [[7]]
    assert spread(torch.tensor([[-1.0, 3.0]])).tolist() == [[0, 255]]
    assert signed(torch.tensor([[-1.0, 0.0, 2.0]])).tolist() == [[64, 128, 255]]
    assert spread(torch.zeros(2, 2)).max() == 0 and signed(torch.zeros(2, 2)).min() == 128


def test_areas_are_filled():
    from tnet.render.canvas import Area, Canvas

    canvas = Canvas("", 20, 20)
    canvas.add(Area([(0, 0), (20, 0), (20, 20), (0, 20)], "1"), Box(0, 0, 4, 4, "2"))
    image = Image.open(BytesIO(png(canvas))).convert("RGB")
    assert image.getpixel((30, 30)) == (5, 80, 174) and image.getpixel((1, 1)) == (179, 71, 13)
    assert '<polygon class="series-1"' in svg(canvas)
