"""Lines as points: their dashes, and those of Graphviz's SVG: polygons, ellipses, and paths of cubic curves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil, cos, hypot, pi, sin
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Point = tuple[float, float]

SVG = "http://www.w3.org/2000/svg"
FINE = 6.0
"""Points of the picture between two on a curve, about."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def name(element: Element) -> str:
    return element.tag.removeprefix(f"{{{SVG}}}")


def points(element: Element) -> list[Point]:
    """Where the line of a polygon, path or ellipse goes; nothing for any other element."""
    return list(KINDS[name(element)](element)) if name(element) in KINDS else []


def _pairs(text: str) -> list[Point]:
    numbers = [float(each) for each in _NUMBER.findall(text)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _polygon(element: Element) -> list[Point]:
    return _pairs(element.get("points", ""))


def _path(element: Element) -> Iterator[Point]:
    given = _pairs(element.get("d", ""))
    yield from given[:1]
    for start in range(0, len(given) - 3, 3):
        yield from _cubic(*given[start : start + 4])


def _cubic(a: Point, b: Point, c: Point, d: Point) -> Iterator[Point]:
    """A Bézier curve but for its first point; one that is straight needs no points between."""
    length = sum(hypot(v[0] - u[0], v[1] - u[1]) for u, v in ((a, b), (b, c), (c, d)))
    straight = length - hypot(d[0] - a[0], d[1] - a[1]) < 0.01
    pieces = 1 if straight else min(64, max(4, ceil(length / FINE)))
    for number in range(1, pieces + 1):
        t = number / pieces
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        yield tuple(sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))


def _ellipse(element: Element) -> Iterator[Point]:
    cx, cy, rx, ry = (float(element.get(each, "0")) for each in ("cx", "cy", "rx", "ry"))
    for number in range(49):
        angle = 2 * pi * number / 48
        yield cx + rx * cos(angle), cy + ry * sin(angle)


KINDS = {"polygon": _polygon, "polyline": _polygon, "path": _path, "ellipse": _ellipse}
"""The elements that are lines, and what reads them."""


def dashed(line: Sequence[Point], dashes: Sequence[float]) -> Iterator[list[Point]]:
    """The strokes of a line: itself, or its dashes, of the lengths of `dashes` and their gaps in turn."""
    if not dashes:
        yield list(line)
        return
    left, number = float(dashes[0]), 0
    for (x, y), (u, v) in pairwise(line):
        length, at = hypot(u - x, v - y), 0.0
        while at < length:
            step = min(left, length - at)
            ends = [(x + (u - x) * share, y + (v - y) * share) for share in (at / length, (at + step) / length)]
            if number % 2 == 0:
                yield ends
            at, left = at + step, left - step
            if left <= 1e-9:
                number += 1
                left = float(dashes[number % len(dashes)])
