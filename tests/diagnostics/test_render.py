"""Diagnostics as text and as data."""

from __future__ import annotations

import json

import pytest

from tnet.diagnostics import Diagnostic, Note, did_you_mean
from tnet.diagnostics.render import RENDERERS, render_concise, render_full, render_json
from tnet.source import Source

SPEC = Source("nets/a.tnet", "net A(x: float[N]) {\n  Conv2d(64 3)\n\tLinear(10\n}\n")


def fault(start: int, end: int, **options) -> Diagnostic:
    return Diagnostic("TN0101", "error", "unexpected text", SPEC.span(start, end), **options)


def in_text(text: str, start: int, end: int, message: str = "wrong") -> str:
    return render_full([Diagnostic("TN0301", "error", message, Source("a", text).span(start, end))])


def test_full():
    note = Note("opened here", SPEC.span(29, 30))
    lint = Diagnostic("TN0601", "warning", "matches nothing", SPEC.span(0, 3), (Note("no place"),))
    assert render_full([fault(33, 34, notes=(note,), help="add a `,`"), lint]) == (
        "nets/a.tnet:1:1: warning[TN0601]: matches nothing\n"
        " 1 | net A(x: float[N]) {\n"
        "   | ^^^\n"
        "note: no place\n"
        "\n"
        "nets/a.tnet:2:13: error[TN0101]: unexpected text\n"
        " 2 |   Conv2d(64 3)\n"
        "   |             ^\n"
        "note: nets/a.tnet:2:9: opened here\n"
        " 2 |   Conv2d(64 3)\n"
        "   |         ^\n"
        "help: add a `,`"
    )


def test_without_a_place():
    diagnostic = Diagnostic("TN0902", "error", "cannot read `a`", help="one\ntwo")
    assert render_full([diagnostic]) == "error[TN0902]: cannot read `a`\nhelp: one\n      two"
    assert render_concise([diagnostic]) == "error[TN0902]: cannot read `a`"


def test_concise_is_sorted_by_place():
    late, early, none = fault(33, 34), fault(0, 3), Diagnostic("TN0902", "error", "no place")
    assert render_concise([none, late, early]).splitlines() == [
        "nets/a.tnet:1:1: error[TN0101]: unexpected text",
        "nets/a.tnet:2:13: error[TN0101]: unexpected text",
        "error[TN0902]: no place",
    ]


def test_json():
    diagnostic = fault(33, 34, notes=(Note("opened here", SPEC.span(29, 30)), Note("no place")), help="add", fix=",")
    place = {"path": "nets/a.tnet", "line": 2, "end_line": 2}
    nowhere = dict.fromkeys(["path", "line", "column", "end_line", "end_column"])
    assert json.loads(render_json([diagnostic, Diagnostic("TN0902", "error", "é\x1b")])) == [
        {
            **{"code": "TN0101", "severity": "error", "message": "unexpected text"},
            **{**place, "column": 13, "end_column": 14, "help": "add", "fix": ","},
            "notes": [
                {"message": "opened here", **place, "column": 9, "end_column": 10},
                {"message": "no place", **nowhere},
            ],
        },
        {
            **{"code": "TN0902", "severity": "error", "message": "é\x1b"},
            **{**nowhere, "notes": [], "help": None, "fix": None},
        },
    ]
    assert render_json([diagnostic]).isascii()
    assert json.loads(render_json([])) == []


@pytest.mark.parametrize("name", RENDERERS)
def test_nothing_to_say(name):
    text = RENDERERS[name]([])
    assert text in ("", "[]") or not json.loads(text)["runs"][0]["results"]


def test_colour_only_on_request():
    assert "\x1b" not in render_full([fault(33, 34, help="add")])
    coloured = render_full([fault(33, 34, help="add")], color=True)
    assert "\x1b[1;31merror[TN0101]\x1b[0m" in coloured and "\x1b" in render_concise([fault(0, 1)], color=True)
    plain = coloured.replace("\x1b[0m", "")
    for style in ("1;31", "1;36", "34", "1"):
        plain = plain.replace(f"\x1b[{style}m", "")
    assert plain == render_full([fault(33, 34, help="add")])


def test_control_characters_are_escaped_everywhere():
    source = Source("a\x1b[2J", "x = \x1b[31m\x07\u202e\u200b1\x7f\x9b")
    note = Note("\x1bnote", source.span(0, 1))
    diagnostic = Diagnostic("TN0104", "error", "\x1bmessage\nwith a line", source.span(4, 9), (note,), "\x1bhelp")
    for text in (render_full([diagnostic]), render_concise([diagnostic])):
        assert not any(ord(each) < 32 and each != "\n" for each in text)
        assert not any(each in text for each in "\x7f\x9b\u202e\u200b")
    assert render_concise([diagnostic]) == "a\\x1b[2J:1:5: error[TN0104]: \\x1bmessage\\nwith a line"
    assert " 1 | x = \\x1b[31m\\x07\\u202e\\u200b1\\x7f\\x9b\n   |     ^^^^^^^^" in render_full([diagnostic])


@pytest.mark.parametrize(
    ("text", "start", "end", "picture"),
    [
        ("\tab", 1, 3, " 1 |     ab\n   |     ^^"),
        ("日本 = 1", 0, 2, " 1 | 日本 = 1\n   | ^^^^"),
        ("日本 = 1", 5, 6, " 1 | 日本 = 1\n   |        ^"),
        ("e\u0301x = 1", 2, 3, " 1 | e\u0301x = 1\n   |  ^"),
        ("ab", 2, 2, " 1 | ab\n   |   ^"),
        ("ab\ncd", 0, 5, " 1 | ab\n   | ^^"),
        ("ab\r\ncd", 2, 3, " 1 | ab\n   |   ^"),
        ("", 0, 0, " 1 |\n   | ^"),
        ("a\n", 2, 2, " 2 |\n   | ^"),
    ],
    ids=["tab", "wide", "after wide", "accent", "empty span", "several lines", "newline", "empty text", "end"],
)
def test_carets_stand_under_the_span(text, start, end, picture):
    assert in_text(text, start, end).split("\n", 1)[1] == picture


def test_numbers_of_two_digits_keep_the_bar_straight():
    assert in_text("\n" * 99 + "ab", 100, 101).splitlines()[1:] == [" 100 | ab", "     |  ^"]


def test_long_lines_are_cut_around_the_span():
    lines = in_text("a" * 500 + "b" + "c" * 500, 500, 501).splitlines()
    assert len(lines[1]) < 140 and lines[1].startswith(" 1 | …aaa") and lines[1].endswith("ccc…")
    assert lines[1][lines[2].index("^")] == "b"
    lines = in_text("b" * 1000, 0, 1000).splitlines()
    assert len(lines[1]) < 140 and len(lines[2]) < 140


@pytest.mark.parametrize(
    ("name", "names", "help"),
    [
        ("relu6x", ["relu6", "relu"], "did you mean `relu6`?"),
        ("padd", ["padding", "padding_mode", "stride"], "did you mean `padding`?"),
        ("ksize", ["kernel_size", "stride", "key"], "did you mean `kernel_size`?"),
        ("Conv", ["Conv1d", "Conv2d", "ConvTranspose1d", "conj", "cov"], "did you mean `Conv1d` or `Conv2d`?"),
        ("maxpool", ["MaxPool2d", "max_pool1d", "max_pool2d"], "did you mean `max_pool1d` or `max_pool2d`?"),
        ("Relu", ["relu", "ReLU"], "did you mean `ReLU`?"),
        ("BN", ["N", "B"], None),
        ("n", ["N", "M"], "did you mean `N`?"),
        ("zzz", ["a", "relu"], None),
    ],
)
def test_nearest_names(name, names, help):
    assert did_you_mean(name, names) == help
