"""The fonts that PNG pictures are written in: the system's, and what Pillow brings, which has ASCII alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any

REGULAR, BOLD, ITALIC = "regular", "bold", "italic"

FACES = {
    REGULAR: ("LiberationSans-Regular.ttf", "Arimo-Regular.ttf", "Helvetica.ttc", "arial.ttf"),
    BOLD: ("LiberationSans-Bold.ttf", "Arimo-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf"),
    ITALIC: ("LiberationSans-Italic.ttf", "Arimo-Italic.ttf", "Arial Italic.ttf", "ariali.ttf"),
}
"""Fonts with the widths of Helvetica, which Graphviz reckons with, on Linux, macOS and Windows."""

FURTHER = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc", "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf", "Arial Unicode.ttf", "PingFang.ttc", "msyh.ttc", "segoeui.ttf", "seguisym.ttf",
    "NotoEmoji-Regular.ttf", "seguiemj.ttf", "Symbola.ttf",
)  # fmt: skip
"""Where letters are looked for that the first has not."""

UNKNOWN = "?"
"""What is drawn for a letter that no font has."""


ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}
"""How much of a text stands to the left of its place, by SVG's names."""


def write(
    draw: Any,
    place: tuple[float, float],
    text: str,
    size: float,
    fill: str,
    anchor: str = "start",
    face: str = REGULAR,
    rim: tuple[int, str] = (0, ""),
) -> None:
    """Write on an `ImageDraw` with the baseline at a place; sizes are in pixels, `rim` is a width and its colour."""
    x, y = place
    pieces = list(runs(text, size, face))
    x -= ANCHORS[anchor] * sum(font.getlength(piece) for piece, font in pieces)
    for piece, font in pieces:
        draw.text((x, y), piece, fill, font, "ls", stroke_width=rim[0], stroke_fill=rim[1] or None)
        x += font.getlength(piece)


def runs(text: str, size: float, face: str = REGULAR) -> Iterator[tuple[str, Any]]:
    """The text in pieces of one font each, as `(piece, font)`; letters that no font has are `UNKNOWN`."""
    named = [(letter, _font_of(letter, face)) for letter in text]
    known = [(letter, found) if found is not None else (UNKNOWN, _font_of(UNKNOWN, face)) for letter, found in named]
    for found, group in groupby(known, lambda each: each[1]):
        yield "".join(letter for letter, _ in group), _font(found, size)


def unknown(text: str) -> str:
    """The letters of a text that no font has, each once."""
    return "".join(dict.fromkeys(letter for letter in text if _font_of(letter, REGULAR) is None))


@cache
def _font_of(letter: str, face: str) -> str | None:
    """The name of the first font that has a letter; "" is Pillow's own."""
    names = [*FACES[face], *FACES[REGULAR], "", *FURTHER]
    return next((name for name in names if _font(name, PROBE) and (letter.isspace() or _has(name, letter))), None)


PROBE = 16.0
"""The size at which fonts are asked what they have."""


@cache
def _font(name: str, size: float) -> Any:
    """A font; None where the system has none of that name."""
    from PIL import ImageFont

    try:
        return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)
    except OSError:
        return None


@cache
def _has(name: str, letter: str) -> bool:
    """Whether a font has a letter: another picture than that of a code that stands for none."""
    font = _font(name, PROBE)
    drawn, none = font.getmask(letter), font.getmask("\uffff")
    return drawn.size != none.size or bytes(drawn) != bytes(none)
