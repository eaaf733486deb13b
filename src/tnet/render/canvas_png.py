"""A canvas as PNG, drawn by Pillow at twice its size, then halved, so that slanted lines are smooth."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from ..diagnostics.render.escape import escape as visible
from .canvas import LIGHT, SIZE, Area, Box, Canvas, Line, Picture, Text
from .fonts import BOLD, REGULAR, write
from .strokes import dashed

SCALE = 2
"""Pixels of the picture for one of the canvas."""
FINER = 2
"""Pixels drawn for one of the picture."""


def png(canvas: Canvas) -> bytes:
    """The picture, light, at `SCALE` pixels for each of the canvas."""
    from PIL import Image, ImageDraw

    zoom = SCALE * FINER
    size = (round(canvas.width * zoom), round(canvas.height * zoom))
    image = Image.new("RGB", size, LIGHT["paper"])
    draw = ImageDraw.Draw(image)
    for shape in canvas.shapes:
        match shape:
            case Line() if len(shape.points) > 1:
                for piece in dashed(shape.points, shape.dash):
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
                place, face = (shape.x * zoom, shape.y * zoom), BOLD if shape.bold else REGULAR
                write(draw, place, visible(shape.text), SIZE * zoom, LIGHT[shape.colour], shape.anchor, face)
    out = BytesIO()
    image.resize((size[0] // FINER, size[1] // FINER), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _stretched(shape: Picture, zoom: int) -> Any:
    from PIL import Image

    with Image.open(BytesIO(shape.png)) as picture:
        size = (max(1, round(shape.width * zoom)), max(1, round(shape.height * zoom)))
        enlarged = size[0] >= picture.width
        return picture.convert("RGBA").resize(size, Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX)
