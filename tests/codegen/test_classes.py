"""Which classes there are, what they are called, and what becomes a constructor argument."""

from __future__ import annotations

import re

import pytest

from tests.codegen.programs import check, net
from tnet.codegen import generate


def classes(text: str) -> dict[str, str]:
    """Constructor arguments by class."""
    found = re.findall(r"^class (\w+)\(.*?(?=^class |\Z)", text, re.S | re.M)
    bodies = re.split(r"^class \w+\(", text, flags=re.M)[1:]
    heads = [re.search(r"def __init__\(self(?:, )?(.*?)\):", body) for body in bodies]
    return {name: head[1] if head else "" for name, head in zip(found, heads, strict=True)}


def source(body: str, blocks: str = "", inputs: str = "image: float[N, 4, 16, 16]") -> str:
    built = net(f"{blocks}\nnet Net({inputs}) {{\n{body}\n}}")
    check(built)
    return generate(built)


CONV = "block Conv(width, kernel=3) { Conv2d(width, kernel, padding=kernel // 2) -> relu }"


MLP = "block B(n) { Linear(2 * n) -> relu -> Linear(n) }"
SLICED = "block B(n) { a: Linear(2 * n); b: Linear(3 * n); relu }"
PADDED = "block B(mode) { Conv2d(4, 3, padding=1, padding_mode=mode) -> relu }"
HEADS = "block B(heads) { B, C, H, W = x.shape; x = x.reshape(B, heads, C // heads, H, W).sum(2) }"
EXPAND = "block B(c, expansion) { Conv2d(c * expansion, 1) -> relu -> Conv2d(c, 1) -> relu }"


@pytest.mark.parametrize(
    ("blocks", "body", "expected"),
    [
        (CONV, "Conv(8)\nConv(16)", "in_channels, width"),
        (CONV, "Conv(8)\nConv(8)\nConv(8)", "in_channels"),
        (CONV, "repeat 3 { Conv(4) }", ""),
        (CONV, "Conv(8)\nConv(16, 5)", "in_channels, width, kernel"),
        (MLP, "B(16)\nB(16)\nB(8)", "n"),
        (SLICED, "x = x[:, :, :, :8]\nB(8)\nx = x[:, :, :, :16]\nB(16)", "n"),
        (EXPAND, "B(8, 2)\nB(8, 4)\nB(12, 6)", "in_channels, c, expansion"),
        ("block B(on) { Dropout2d(0.1, inplace=on) -> relu }", "B(true)\nB(false)", "on"),
        (PADDED, 'B("zeros")\nB("reflect")', "mode"),
        ("block B(s) { x = x * s }", "B(2.0)\nB(0.5)", "s"),
        (HEADS, "B(2)\nConv2d(8, 1)\nB(4)", "heads"),
        ("block B(norm) { norm: BatchNorm2d(eps=norm) -> relu }", "B(1e-5)\nB(1e-3)", "eps"),
        ("block B(type) { Conv2d(type, 1) -> relu }", "B(5)\nB(6)", "in_channels, out_channels"),
    ],
)
def test_arguments(blocks, body, expected):
    found = classes(source(body, blocks))
    assert found.popitem() == ("Net", "")
    assert list(found.values()) == [expected]


def test_structures_of_a_block_have_telling_names():
    blocks = """
    block B(width, gate=false, extra=0, mode="same") {
      Conv2d(width, 1)
      if gate { gate: Conv2d(width, 1) -> sigmoid }
      if extra > 0 { relu }
      if mode == "double" { x = x * 2.0 }
      tanh
    }"""
    text = source('B(4)\nB(8)\nB(8, gate=true)\nB(8, extra=2)\nB(8, mode="double")', blocks)
    assert list(classes(text)) == ["B", "BGate", "BExtra2", "BDouble", "Net"]


def test_groups_that_differ_in_a_number_share_a_class():
    text = source('for i, c in enumerate([8, 12]) { "down{i}": { Conv2d(c, 3, padding=1) -> relu } }')
    assert classes(text) == {"Down": "in_channels, out_channels", "Net": ""}


def test_copies_of_a_repeat_are_called_after_it():
    assert list(classes(source("layers: repeat 2 { x += x -> Conv2d(4, 1) }"))) == ["Layer", "Net"]
    assert list(classes(source("stage1: repeat 2 { x += x -> Conv2d(4, 1) }"))) == ["StageBlock", "Net"]


def test_arguments_at_their_default_are_left_out():
    text = source("Conv2d(8, 3, stride=1, padding=0, bias=true)\nMaxPool2d(2, ceil_mode=false)")
    assert "nn.Conv2d(4, 8, 3)" in text and "nn.MaxPool2d(2)" in text


def test_dead_code_goes_and_what_it_moves_stays():
    """M20: what is built is applied; a result that nothing uses is not computed unless that would be seen elsewhere."""
    dead = "unused = x -> dead: Conv2d(8, 1) -> relu"
    text = source(f"{dead}\nnorm = x -> norm: BatchNorm2d\nnoise = dropout(x, 0.5)\nhead: Conv2d(2, 1)")
    forward = text[text.index("def forward") :]
    assert "self.dead = nn.Conv2d(4, 8, 1)" in text and "self.dead(" not in forward and "relu" not in forward
    assert (
        "        self.norm(image)\n" in forward and "        F.dropout(image, 0.5, training=self.training)\n" in forward
    )


@pytest.mark.parametrize("name", ["torch", "nn", "F", "self", "range", "class", "l", "Conv", "lambda", "forward"])
def test_names_of_the_file_are_not_shadowed(name):
    source(
        f"{name} = x -> Conv(4)\nx = cat([{name}, x], dim=1)\n{name} = relu(x)\nx = {name} + softmax({name}, 1)", CONV
    )
