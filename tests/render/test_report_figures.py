"""The pictures of a report, for any numbers: nothing overlaps, nothing leaves the paper, every text can be read."""

from __future__ import annotations

import math
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_plan import contrast

from tnet.render import canvas
from tnet.render.canvas import SHADES, SIZE, Area, Line, Text, width_of
from tnet.render.canvas_png import png
from tnet.render.plot import Axis, Look
from tnet.render.report.matrix import matrix_figure
from tnet.render.report.ridges import ridges_figure
from tnet.render.report.scatter import scatter_figure
from tnet.render.tracks import Track, linear, scale_of, tracks_figure

NUMBERS = st.floats(-1e12, 1e12) | st.sampled_from([0.0, 1e-30, -1e-9, 1.0, math.nan, math.inf, -math.inf])
NAMES = st.lists(st.text("abc <é漢", min_size=1, max_size=60), min_size=1, max_size=60)


def texts(figure):
    return [each for each in figure.shapes if isinstance(each, Text)]


def place(text):
    width = width_of(text.text)
    left = text.x - {"start": 0, "middle": width / 2, "end": width}[text.anchor]
    return left, left + width, text.y - SIZE * 0.7, text.y


def check(figure):
    for text in texts(figure):
        left, right, top, bottom = place(text)
        assert left >= -0.01 and right <= figure.width + 0.01 and top >= 0 and bottom <= figure.height, text
    for one, other in combinations(map(place, texts(figure)), 2):
        assert not (one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]), (one, other)
    for shape in figure.shapes:
        if isinstance(shape, Line | Area):
            for x, y in shape.points:
                assert -0.01 <= x <= figure.width + 0.01 and -0.01 <= y <= figure.height + 0.01, shape


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(NUMBERS | st.none(), max_size=30), min_size=1, max_size=9), st.booleans(), NAMES)
def test_curves(values, straight, names):
    tracks = [
        Track(names[number % len(names)], list(enumerate(each)), Look(number, 1 + number % 2))
        for number, each in enumerate(values)
    ]
    figure = tracks_figure("a quantity", tracks, Axis(30, "epochs"), linear if straight else scale_of)
    assert (figure is None) == (not any(track.values for track in tracks))
    if figure:
        check(figure)


@pytest.mark.parametrize("values", [[0.5], [1e-8, 1e3], [3.0, 3.0], [-1.0, 1.0], [0.93, 0.99], [0.0, 0.0], [-5, -5]])
def test_scales_hold_their_values(values):
    for scale in (scale_of(values), linear(values)):
        assert all(-1e-9 <= scale.share(value) <= 1 + 1e-9 for value in values)
        assert list(scale.rows) == sorted(set(scale.rows)) and 2 <= len(scale.rows) <= 9


@settings(max_examples=15, deadline=None)
@given(NAMES, st.randoms(use_true_random=False))
def test_confusion(names, random):
    counts = [[random.choice([0, 0, 1, 7, 12345]) for _ in names] for _ in names]
    check(matrix_figure(counts, names))


def test_confusion_of_many_classes_and_of_large_counts():
    for count, most in ((2, 10**9), (10, 10**6), (21, 99), (100, 3)):
        figure = matrix_figure([[most] * count for _ in range(count)], [f"class {n}" for n in range(count)])
        check(figure)


def distribution(low, high, counts):
    return {"number": sum(counts), "min": low, "max": high, "mean": 0, "std": 1, "counts": counts}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.lists(st.integers(0, 1000), min_size=64, max_size=64)),
        min_size=1, max_size=25,
    ),
    st.integers(0, 10**9),
)  # fmt: skip
def test_distributions(found, step):
    shown = [(step + n, distribution(low, low + width, counts)) for n, (low, width, counts) in enumerate(found)]
    figure = ridges_figure("a.path.that.goes.on.and.on.layers.0.attention.projection.weight", shown, "1")
    assert (figure is None) == (not any(each["number"] for _, each in shown))
    if figure:
        check(figure)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=40))
def test_pairs(pairs):
    figure = scatter_figure(pairs)
    if figure:
        check(figure)
        assert png(figure)


def test_what_is_written_on_a_shade_can_be_read():
    for palette, shade in product((canvas.LIGHT, canvas.DARK), SHADES):
        assert contrast(palette["ink"], palette[shade]) >= 4.5, shade
