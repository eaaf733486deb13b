"""Lints of what is declared, bound or set for nothing, and what looks like it and is right."""

from __future__ import annotations

import pytest
from lint_specs import net, told, trained

NET = net("Linear(2)")


@pytest.mark.parametrize(
    ("declaration", "marked"),
    [
        ("hyper lr = 0.1", "lr"),
        ("widths = [1, 2]", "widths"),
        ("def double(v) = 2 * v", "double"),
        ("block Piece(width) { Linear(width) }", "Piece"),
        ("block Piece(n) { if n > 0 { Piece(n - 1) } }", "Piece"),
    ],
)
def test_unused_declarations(declaration, marked):
    assert told(f"{declaration}\n{NET}") == [f"TN1010 {marked}"]


def test_an_unused_import(tmp_path):
    from tnet.compiler import compile_spec
    from tnet.source import Source

    (tmp_path / "blocks.tnet").write_text("block A() { Linear(2) }\nblock B() { Linear(3) }\n")
    text = 'from "blocks.tnet" import A, B as Second\n' + net("A")
    (lint,) = compile_spec(Source("spec.tnet", text, tmp_path / "spec.tnet")).diagnostics
    assert (lint.code, lint.span.text) == ("TN1010", "Second")


@pytest.mark.parametrize(
    "text",
    [
        "hyper width = 2\n" + net("Linear(width)"),
        "hyper width = 2\nwidths = [width]\n" + net("for each in widths { Linear(each) }"),
        'hyper size = 8\nnet A(v: float[N, size]) { "fc{size}": Linear(2) }',
        "hyper norm = true\n" + NET + "parameters { if norm { Linear { init = zeros } } }",
        "Act = ReLU\n" + net("Act"),
        "hyper rate = 0.1\n" + trained("Linear(2)", "CrossEntropyLoss()", optimizer="Adam(lr=rate)"),
        "block Part() { Linear(2) }\nblock Other() { Linear(2) }",
        "hyper n = 1\nhyper deep = 2 in [n, 2]\n" + net("Linear(deep)"),
        "block Gap()(a, b) { return (a - b[:, none]).mean() }\n" + trained("Linear(2)", "Gap"),
    ],
)
def test_used_declarations_and_files_to_import_from(text):
    assert told(text) == []


@pytest.mark.parametrize(
    ("body", "marked"),
    [
        ("h = x -> Linear(4)\nLinear(2)", "h"),
        ("n = x.shape[1]\nLinear(2)", "n"),
        ("a, b = x.chunk(2, dim=1)\nLinear(2)", "a, b"),
        ("parameter scale: float[8] = ones\nLinear(2)", "scale"),
        ("kept = [x]\nLinear(2)\nkept += [x]", "kept"),
    ],
)
def test_unused_values(body, marked):
    assert told(net(body)) == [f"TN1011 {marked}"]


@pytest.mark.parametrize(
    "body",
    [
        "a, _ = x.chunk(2, dim=1)\nx = a",
        "B, C = x.shape\nx = x.view(B, 2, 4)",
        "h = x -> Linear(4)\ninner: { Linear(4); x = x + h }",
        'i = 3\n"fc{i}": Linear(2)',
        "act = ReLU\nact",
        "for i in range(2) { Linear(4) }",
        "repeat 2 as i { Linear(8) }",
        "buffer seen: float[8] = zeros\nif training { seen += x.mean(dim=0).detach() }\nLinear(2)",
        "parameter scale: float[8] = ones\nx = x * scale",
        "y = x\ny[:, 0] = 1.0\nx = y",
    ],
)
def test_used_values(body):
    assert told(net(body)) == []


@pytest.mark.parametrize(
    ("body", "marked"),
    [
        ("y = x -> Linear(2)\nLinear(4)\nreturn y", "Linear(4)"),
        ("y = x\nrelu\nreturn y", "relu"),
        ("y = x -> Linear(8)\ny = x -> Linear(2)\nx = y", "Linear(8)"),
        ("last: { y = x -> Linear(3); Linear(2); return y }", "Linear(2)"),
    ],
)
def test_the_last_value_never_used(body, marked):
    assert told(net(body)) == [f"TN1012 {marked}"]


@pytest.mark.parametrize(
    "body",
    [
        "skips = []\nfor i in range(3) { Linear(8); skips += [x] }\nx = skips[0] + skips[1]",
        "first: Linear(8)\nfirst\nfirst",
        "y, h = x.chunk(2, dim=1)\nx = y",
        "buffer seen: float[8] = zeros\nif training { seen = x.mean(dim=0).detach() }\nLinear(2)",
        "cell: Linear(8)\nfor i in range(2) { cell }",
        "y = x -> cell: Linear(8)\nx = cell.weight",
    ],
)
def test_results_that_are_used_somewhere(body):
    told_of_results = [each for each in told(net(body)) if each.startswith("TN1012")]
    assert told_of_results == []


def rules(text: str) -> list[str]:
    return told(net("fc: Linear(8)\nReLU\nhead: Linear(2)") + f"parameters {{ {text} }}\n")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("head.weight { init = zeros }; *.weight { init = ones }", "head.weight"),
        ("head { init = zeros }; head.weight { init = ones }; *.bias { init = ones }", "head"),
        ("head, fc { init = zeros }; Linear { init = normal }", "head, fc"),
        ("head { freeze = true }; Linear { freeze = false }", "head"),
        ("head { eval = true }; Small { eval = false }", "head"),
    ],
)
def test_a_rule_fully_hidden_by_later_ones(text, marked):
    assert rules(text) == [f"TN1013 {marked}"]


@pytest.mark.parametrize(
    "text",
    [
        "*.weight { init = ones }; head.weight { init = zeros }",
        "head { init = zeros }; head.weight { init = ones }",
        "head { init = zeros; freeze = true }; Linear { init = normal }",
        "head { lr = 1 }; Linear { lr = 2 }",
        "head { init = zeros }",
    ],
)
def test_rules_of_which_something_is_left(text):
    """A later one for a part, another property, and options that no optimizer reads yet."""
    assert rules(text) == []


def test_a_class_that_matches_nothing_here():
    assert rules("LSTM { init = zeros }") == ["TN1022 LSTM"]
    assert rules("head :norm { init = zeros }") == ["TN1022 :norm"]
    assert rules(":embedding, head { init = zeros }") == ["TN1022 :embedding"]


def test_a_models_own_steps_use_what_replaces_a_submodule():
    body = 'models.squeezenet1_1() { "classifier.1": { Dropout(0.2); Conv2d(2, 1) } }'
    assert told(f"net A(image: float[N, 3, 64, 64]) {{ {body} }}") == []
