"""Pictures as shapes in reading order, which a writer for each format puts on paper: `canvas_svg`, `canvas_png`.

Colours are named by what they are for, so that a picture can be light or dark. Text on either paper has a contrast of
at least 4.5 (WCAG 2.1, 1.4.3), lines of at least 3 (1.4.11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

SIZE = 13
"""The height of text in pixels."""

WIDEST = 0.66
"""The width of a character over the size of the text, for the widest of the usual fonts on average."""

LIGHT = {
    "paper": "#ffffff", "ink": "#1b1f24", "quiet": "#57606a", "grid": "#d8dee4", "frozen": "#d0d7de",
    "1": "#0550ae", "2": "#b3470d", "3": "#116329", "4": "#8250df", "5": "#a40e26", "6": "#0b7285", "7": "#7d4e00",
    "8": "#bf3989", "shade1": "#e4eefb", "shade2": "#c3daf6", "shade3": "#98c0ef", "shade4": "#6aa4e6",
}  # fmt: skip
DARK = {
    "paper": "#0d1117", "ink": "#e6edf3", "quiet": "#9198a1", "grid": "#2a313c", "frozen": "#3d444d",
    "1": "#79c0ff", "2": "#ffa657", "3": "#7ee787", "4": "#d2a8ff", "5": "#ff7b72", "6": "#56d4dd", "7": "#e3b341",
    "8": "#ff9bce", "shade1": "#12243c", "shade2": "#163a68", "shade3": "#1b4d8e", "shade4": "#2260b2",
}  # fmt: skip
SERIES = ("1", "2", "3", "4", "5", "6", "7", "8")
"""Colours of curves, in turn."""

SHADES = ("paper", "shade1", "shade2", "shade3", "shade4")
"""From nothing to much, on each of which "ink" can be read."""

DASHES = ((), (6, 3), (2, 3))
"""Dashes of curves, in turn when the colours are used up."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """`values` are what the points stand for, (place, value) each, where the line is a curve with a `name`."""

    points: Sequence[Point]
    colour: str
    width: float = 1.0
    dash: tuple[int, ...] = ()
    name: str = ""
    values: Sequence[Point] = ()


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Area:
    """A polygon that is filled."""

    points: Sequence[Point]
    colour: str


@dataclass(frozen=True)
class Picture:
    """A PNG, stretched over a box; one that is enlarged keeps its pixels' edges."""

    left: float
    top: float
    width: float
    height: float
    png: bytes


@dataclass(frozen=True)
class Text:
    """`anchor` is "start", "middle" or "end"; `y` is where the letters stand."""

    x: float
    y: float
    text: str
    colour: str = "ink"
    anchor: str = "start"
    bold: bool = False


@dataclass(frozen=True)
class PlotArea:
    """Where the curves are that come after it. On a page their values are shown at the pointer, below `label`, in which
    the place stands for `{}`."""

    left: float
    top: float
    width: float
    height: float
    label: str


Shape = Line | Box | Area | Picture | Text | PlotArea


@dataclass
class Canvas:
    """A picture of a width, growing downwards as shapes are added."""

    title: str
    width: float
    height: float = 0.0
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        self.shapes += shapes


def width_of(text: str) -> float:
    """The pixels that a text takes at most, in any of the usual fonts."""
    return len(text) * SIZE * WIDEST


def folded(text: str, width: float) -> list[str]:
    """The lines of a text that is to fit in so many pixels, broken at blanks, or in a word that is too long."""
    from textwrap import wrap

    return wrap(text, max(4, int(width / (SIZE * WIDEST))), break_on_hyphens=False) or [""]
