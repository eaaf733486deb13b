"""A canvas as PNG, drawn by Pillow at twice its size, then halved, so that slanted lines are smooth."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from math import hypot
from typing import Any

from ..diagnostics.render.escape import escape as visible
from .canvas import LIGHT, SIZE, Area, Box, Canvas, Line, Picture, Point, Text

SCALE = 2
"""Pixels of the picture for one of the canvas."""
FINER = 2
"""Pixels drawn for one of the picture."""
ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def png(canvas: Canvas) -> bytes:
    """The picture, light, at `SCALE` pixels for each of the canvas."""
    from PIL import Image, ImageDraw, ImageFont

    zoom = SCALE * FINER
    size = (round(canvas.width * zoom), round(canvas.height * zoom))
    image = Image.new("RGB", size, LIGHT["paper"])
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(SIZE * zoom)
    for shape in canvas.shapes:
        match shape:
            case Line() if len(shape.points) > 1:
                for piece in _dashed(shape):
                    points = [(x * zoom, y * zoom) for x, y in piece]
                    draw.line(points, LIGHT[shape.colour], round(shape.width * zoom), joint="curve")
            case Box():
                corner = (shape.left + shape.width, shape.top + shape.height)
                draw.rectangle((shape.left * zoom, shape.top * zoom, corner[0] * zoom, corner[1] * zoom),
                               LIGHT[shape.colour])  # fmt: skip
            case Area():
                draw.polygon([(x * zoom, y * zoom) for x, y in shape.points], LIGHT[shape.colour])
            case Picture():
                stretched = _stretched(shape, zoom)
                image.paste(stretched, (round(shape.left * zoom), round(shape.top * zoom)), stretched)
            case Text():
                place, weight = (shape.x * zoom, shape.y * zoom), zoom // 4 if shape.bold else 0
                fill, text = LIGHT[shape.colour], visible(shape.text)
                draw.text(place, text, fill, font, ANCHORS[shape.anchor], stroke_width=weight, stroke_fill=fill)
    out = BytesIO()
    image.resize((size[0] // FINER, size[1] // FINER), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _stretched(shape: Picture, zoom: int) -> Any:
    from PIL import Image

    with Image.open(BytesIO(shape.png)) as picture:
        size = (max(1, round(shape.width * zoom)), max(1, round(shape.height * zoom)))
        enlarged = size[0] >= picture.width
        return picture.convert("RGBA").resize(size, Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX)


def _dashed(line: Line) -> Iterator[list[Point]]:
    """The strokes of a line: itself, or its dashes."""
    if not line.dash:
        yield list(line.points)
        return
    left, number = float(line.dash[0]), 0
    for (x, y), (u, v) in pairwise(line.points):
        length, at = hypot(u - x, v - y), 0.0
        while at < length:
            step = min(left, length - at)
            ends = [(x + (u - x) * share, y + (v - y) * share) for share in (at / length, (at + step) / length)]
            if number % 2 == 0:
                yield ends
            at, left = at + step, left - step
            if left <= 1e-9:
                number += 1
                left = float(line.dash[number % len(line.dash)])
