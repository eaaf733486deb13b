"""Lints of a net with its recipe: what else they are for, and what looks like it and is right."""

from __future__ import annotations

import pytest
from lint_specs import net, told, trained

from tnet.lint.targets import TARGETS


@pytest.mark.parametrize(
    ("body", "loss"),
    [
        ("Linear(3)\nSoftmax(1)", "CrossEntropyLoss(label_smoothing=0.1)"),
        ("Linear(3)\nlog_softmax(1)", "CrossEntropyLoss()"),
        ("Linear(3)\nsoftmax(1)", "cross_entropy(output, target)"),
        ("Linear(3)\nsigmoid", "CrossEntropyLoss()"),
        ("Linear(3)", "cross_entropy(softmax(output, 1), target) + 0.1 * output.mean()"),
        ("Linear(1)\nSigmoid\nsqueeze(1)", "BCEWithLogitsLoss()"),
        ("head: { Linear(3); Sigmoid }", "MultiLabelSoftMarginLoss()"),
        ("Linear(3)\nsigmoid", "binary_cross_entropy_with_logits(output, target)"),
    ],
)
def test_W1_softmax_or_sigmoid_before_a_loss_that_has_it_inside(body, loss):
    assert [each[:6] for each in told(trained(body, loss))] == ["TN1001"]


@pytest.mark.parametrize(
    ("body", "loss"),
    [
        ("Linear(3)", "CrossEntropyLoss()"),
        ("Linear(3)\nlog_softmax(1)", "NLLLoss()"),
        ("Linear(3)\nx = log(softmax(x, 1))", "NLLLoss()"),
        ("Linear(1)\nsigmoid\nsqueeze(1)", "BCELoss()"),
        ("Linear(3)\nsigmoid", "MSELoss()"),
        ("Linear(8)\nsoftmax(1)\nLinear(3)", "CrossEntropyLoss()"),
        ("x = (x -> Linear(8) -> softmax(1)) * x", "CrossEntropyLoss()"),
        ("Linear(3)", "cross_entropy(output, target) + softmax(output, 1).square().mean()"),
        ("Linear(3)", "kl_div(log_softmax(output, 1), softmax(output.detach(), 1))"),
        ("Linear(3)", "nll_loss(log_softmax(output, 1), target)"),
    ],
)
def test_W1_near_misses(body, loss):
    assert told(trained(body, loss)) == []


@pytest.mark.parametrize(
    ("body", "loss"),
    [
        ("Linear(3)", "NLLLoss()"),
        ("Linear(3)\nsoftmax(1)", "NLLLoss()"),
        ("Linear(1)\nsqueeze(1)", "BCELoss()"),
        ("Linear(3)", "nll_loss(output, target)"),
        ("Linear(3)", "KLDivLoss()"),
        ("Linear(3)", "binary_cross_entropy(output.squeeze(), target)"),
    ],
)
def test_raw_scores_for_a_loss_of_probabilities(body, loss):
    assert [each[:6] for each in told(trained(body, loss))] == ["TN1002"]


SIMPLE = "Linear(4)\nReLU\nLinear(3)"


@pytest.mark.parametrize(
    ("given", "data", "expected"),
    [
        ("v: float[N, 4]", "Iris()", ["TN1016"]),
        ("v: float[N, 1, 8, 8]", "Digits()", ["TN1016"]),
        ("v: float[N, 1, 8, 8]", "Digits() + Digits()", ["TN1016"]),
        ("v: float[N, 4]", 'Table("f.csv", target="y")', ["TN1016"]),
        ("v: float[N, 4]", 'Iris() + Tensors("x.safetensors")', []),
        ("v: float[N, 4]", 'Tensors("x.safetensors")', []),
        ("v: float[N, 4]", "", []),
    ],
)
def test_W5_sgd_on_inputs_that_are_not_normalised(given, data, expected):
    body = f"flatten(1)\n{SIMPLE}" if "8, 8" in given else SIMPLE
    assert [each[:6] for each in told(trained(body, "CrossEntropyLoss()", given, data, "SGD(lr=0.1)"))] == expected


def test_W5_near_misses():
    text = trained(SIMPLE, "CrossEntropyLoss()", "v: float[N, 4]", "Iris()", "SGD(lr=0.1)")
    assert told(text) == ["TN1016 SGD(lr=0.1)"]
    assert told(text.replace("SGD", "Adam")) == []
    assert told(text.replace("Linear(4)", "BatchNorm1d\nLinear(4)")) == []
    assert told(text.replace("Linear(4)", "x = (x - 3.5) / 2\nLinear(4)")) == []
    normalised = 'split = [0.8, 0.2]; transform: { Normalize(mean="auto", std="auto") }'
    assert told(text.replace("split = [0.8, 0.2]", normalised)) == []


COLUMN = "Linear(1)"
ROW = "Linear(1)\nsqueeze(1)"


@pytest.mark.parametrize(
    "loss",
    ["mse_loss(output, target)", "MSELoss()", "((output - target) ** 2).mean()", "0.5 * l1_loss(output, target)"],
)
def test_W9_a_column_against_a_row(loss):
    assert [each[:6] for each in told(trained(COLUMN, loss, "v: float[N, 10]", "Diabetes()"))] == ["TN1017"]
    assert told(trained(ROW, loss, "v: float[N, 10]", "Diabetes()")) == []


def test_W9_near_misses():
    squeezed = "mse_loss(output.squeeze(1), target)"
    assert told(trained(COLUMN, squeezed, "v: float[N, 10]", "Diabetes()")) == []
    assert told(trained(COLUMN, "mse_loss(output, target[:, none])", "v: float[N, 10]", "Diabetes()")) == []
    assert told(trained(COLUMN, "MSELoss()", "v: float[N, 10]", 'Tensors("x.npz")')) == []
    assert told(trained(COLUMN, "MSELoss()", "v: float[N, 10]")) == []


def test_W9_in_a_block_that_is_the_loss():
    block = "block Asymmetric()(prediction, target) {\n  return (prediction - target).abs().mean()\n}\n"
    spec = trained(COLUMN, "Asymmetric", "v: float[N, 10]", "Diabetes()")
    assert told(block + spec) == ["TN1017 prediction - target"]
    assert told(block + spec.replace(COLUMN, ROW)) == []


@pytest.mark.parametrize(
    ("loss", "data", "expected"),
    [
        ("BCEWithLogitsLoss()", "Iris()", ["TN1018"]),
        ("BCEWithLogitsLoss()", "BreastCancer()", []),
        ("BCEWithLogitsLoss()", 'ImageFolder("photos")', []),
        ("binary_cross_entropy_with_logits(output, target)", "BreastCancer()", ["TN1018"]),
        ("binary_cross_entropy_with_logits(output, target.float())", "BreastCancer()", []),
        ("binary_cross_entropy_with_logits(output, target.float())", "Iris()", ["TN1018"]),
        ("binary_cross_entropy_with_logits(output, (target == 2).float())", "Iris()", []),
        ("CrossEntropyLoss()", "Digits()", []),
    ],
)
def test_W10_bce_with_integer_targets(loss, data, expected):
    body = "Linear(3)" if "Cross" in loss else ROW
    assert [each[:6] for each in told(trained(body, loss, "v: float[N, 8]", data))] == expected


def test_W10_bce_loss_by_its_name():
    assert told(trained("Linear(1)\nsigmoid\nsqueeze(1)", "BCELoss()", data="Wine()")) == ["TN1018 BCELoss()"]


@pytest.mark.parametrize("name", ["Digits", "Iris", "Wine", "BreastCancer", "Diabetes"])
def test_what_is_known_of_targets_is_so(name):
    from sklearn import datasets

    words = {"BreastCancer": "breast_cancer"}
    target = getattr(datasets, f"load_{words.get(name, name.lower())}")().target
    known = TARGETS[name]
    assert target.ndim == 1 and (target.dtype.kind == "i") == (known.dtype == "int64")
    assert known.classes in (None, len(set(target.tolist())))


NORMED = "Linear(8)\nLayerNorm\nLinear(2)"
DECAYED = "AdamW(lr=0.1, weight_decay=0.05)"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", ["TN1009 0.05"]),
        (":norm, :bias { weight_decay = 0 }", []),
        (":vector { weight_decay = 0 }", []),
        (":norm { weight_decay = 0 }", []),
        ("Linear.bias { weight_decay = 0 }", ["TN1009 0.05"]),
        (":norm { weight_decay = 0.01 }", []),
        (":vector { optimizer = SGD(lr=0.1) }", []),
    ],
)
def test_weight_decay_on_norms(rules, expected):
    text = trained(NORMED, "CrossEntropyLoss()", optimizer=DECAYED)
    assert told(f"{text}\nparameters {{ {rules} }}\n" if rules else text) == expected


def test_decay_that_nobody_wrote_and_nets_without_norms_are_let_pass():
    assert told(trained(NORMED, "CrossEntropyLoss()", optimizer="AdamW(lr=0.1)")) == []
    assert told(trained(NORMED, "CrossEntropyLoss()", optimizer="AdamW(weight_decay=0)")) == []
    assert told(trained(SIMPLE, "CrossEntropyLoss()", optimizer=DECAYED)) == []


def test_batches_of_one_sample():
    text = trained("BatchNorm1d\nLinear(2)", "CrossEntropyLoss()")
    assert told(text) == []
    assert told(text.replace("batch = 8", "batch = 1")) == ["TN1007 1"]
    assert told(text.replace("batch = 8", "batch = 8; accumulate = 8")) == ["TN1007 8"]
    assert told(text.replace("batch = 8", "batch = 8; accumulate = 4")) == []
    assert told(text.replace("batch = 8", "batch = 1").replace("BatchNorm1d", "LayerNorm")) == []


FROZEN = net("body: { Conv2d(4, 3, bias=false); BatchNorm2d; ReLU }\nhead: Conv2d(2, 1)", "v: float[N, 3, 8, 8]")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("body { freeze = true }", ["TN1008 freeze"]),
        ("body { freeze = true }; body :norm { eval = true }", []),
        ("body { freeze = true }; body { eval = true }", []),
        ("body { freeze = true }; :norm { freeze = false }", []),
        ("body { freeze = 3 epochs }", []),
        ("Conv2d { freeze = true }", []),
    ],
)
def test_frozen_parameters_whose_norm_layers_still_update(rules, expected):
    assert told(f"{FROZEN}parameters {{ {rules} }}\n") == expected


def test_frozen_norms_without_running_statistics():
    assert told(FROZEN.replace("BatchNorm2d", "GroupNorm(2)") + "parameters { body { freeze = true } }\n") == []
