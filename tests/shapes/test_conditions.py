"""Conditions on symbolic sizes: in the fewest words, with the step that asks for them."""

from __future__ import annotations

import pytest

from tnet.compiler import compile_spec
from tnet.shapes.conditions import python_text
from tnet.source import Source

UNET = """
net U(image: float[N, 1, H=64, W]) {
  a = x
  MaxPool2d(2)
  b = x
  MaxPool2d(2)
  Upsample(scale_factor=2)
  x = cat([b, x], dim=1)
  Upsample(scale_factor=2)
  x = cat([a, x], dim=1)
}
"""


def conditions(text):
    compilation = compile_spec(Source("spec", text))
    assert compilation.ok, compilation.diagnostics
    return {python_text(each.relation): each.span.line for each in compilation.program.net().conditions}


def test_halving_twice_needs_multiples_of_four():
    found = conditions(UNET)
    assert set(found) == {"0 == (H % 4)", "0 == (W % 4)"} or set(found) == {"(H % 4) == 0", "(W % 4) == 0"}
    assert set(found.values()) == {8}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Conv1d(1, 5)", {"L >= 5"}),
        ("Conv1d(1, 5, padding=2)", set()),
        ("parameter p: float[128] = zeros; x = x + p[: x.shape[2]]", {"L <= 128"}),
        ("x = x.view(x.shape[0], -1, 3)", {"0 == (L % 3)"}),
        ("relu", set()),
        ("AdaptiveAvgPool1d(1)", set()),
        ("MaxPool1d(2)", {"L >= 2"}),
        ("MaxPool1d(2); MaxPool1d(2); MaxPool1d(2)", {"L >= 8"}),
        ("MaxPool1d(3, stride=2, ceil_mode=true); MaxPool1d(3, stride=2, ceil_mode=true)", {"L >= 4"}),
        ("x = x[:, :, 1:]", set()),
        ("x = x[:, :, x.shape[2] - 1]", set()),
        ("x = x.transpose(1, 2); x = cdist(x, x)", set()),  # it only computes in another way above 25
    ],
)
def test_condition(body, expected):
    flipped = {f"{b} == {a}" for a, b in (each.split(" == ") for each in expected if " == " in each)}
    found = set(conditions(f"net A(v: float[N, 1, L=12]) {{ {body} }}"))
    assert found in (expected, flipped)


def test_a_size_without_hint_is_tried_at_several_values():
    assert set(conditions("net A(v: float[N, 1, L]) { Conv1d(1, 500) }")) == {"L >= 500"}


def test_a_hint_that_comes_down_to_one_fixes_nothing():
    text = "net A(v: float[N, 1, L=4]) {{ MaxPool1d(2); MaxPool1d(2); Conv1d(1, 3, padding=1); {} }}"
    assert compile_spec(Source("spec", text.format("shape [N, 1, L // 4]"))).ok
    (problem,) = compile_spec(Source("spec", text.format("flatten(1); Linear(2)"))).diagnostics
    assert problem.span.text == "Linear(2)"


def test_a_size_without_hint_that_must_be_small():
    body = "parameter p: float[10] = zeros; x = x + p[:x.shape[1]]"
    assert set(conditions(f"net A(v: float[N, L]) {{ {body} }}")) == {"L <= 10"}


def test_a_recurrent_layer_leaves_the_length_free():
    assert conditions("net A(v: float[N, T=7, 4]) { y, _ = x -> LSTM(3, batch_first=true); return y }") == {}


def test_declared_output_follows_from_what_the_steps_need():
    text = UNET.replace("W]) {", "W]) -> float[N, 3, H, W] {")
    assert compile_spec(Source("spec", text)).ok
    wrong = "net A(v: float[N, 1, H=64]) -> float[N, 1, H] { MaxPool1d(2); Upsample(scale_factor=3) }"
    assert [each.code for each in compile_spec(Source("spec", wrong)).diagnostics] == ["TN0402"]
