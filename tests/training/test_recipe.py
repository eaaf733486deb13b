"""The train section: every setting checked, by name and place."""

from __future__ import annotations

import inspect
import sys

import pytest
import torch
from small_specs import IRIS, spec
from torch import nn

import tnet
from tnet.diagnostics import SpecError
from tnet.ir.values import Call, Duration
from tnet.source import Source
from tnet.training import losses, metric_catalog
from tnet.training.metrics import written_name

SPAN = Source("x", "x").span(0, 1)


def found(text: str) -> list[tuple[str, str, str]]:
    """Code, text of the place, and message of each diagnostic of the whole spec."""
    from tnet.compiler import compile_spec

    return [(each.code, each.span.text, each.message) for each in compile_spec(Source("x.tnet", text)).diagnostics]


def with_line(line: str, instead_of: str = "") -> str:
    return IRIS.replace(instead_of or "  compile   = false", line)


@pytest.mark.parametrize("line, code, place", [
    ("epoch = 3", "TN0801", "epoch"),
    ("channels_last = true", "TN0803", "channels_last"),
    ("compile = true; anomaly = true", "TN0803", "anomaly"),
    ("swa = 3", "TN0802", "3"),
    ("swa = SWA(start=1)", "TN0802", "1"),
    ("swa = SWA(lr=0)", "TN0802", "0"),
    ("swa = SWA(); ema = 0.9", "TN0803", "swa"),
    ("early_stop = Patience(2); swa = SWA", "TN0803", "swa"),
    ("distill = 3", "TN0802", "3"),
    ('distill = Distill("t.tnet", temperature=0)', "TN0802", "0"),
    ("devices = [0, 1]", "TN0001", "[0, 1]"),
    ('precision = "fp8"', "TN0802", '"fp8"'),
    ("seed = 1.5", "TN0802", "1.5"),
    ("seed = true", "TN0802", "true"),
    ("threads = 0", "TN0802", "0"),
    ("matmul = 3", "TN0802", "3"),
    ("compile = 1", "TN0802", "1"),
    ('compile = Compile(mode="fast")', "TN0802", '"fast"'),
    ('device = "gpu"', "TN0802", '"gpu"'),
    ("deterministic = 1", "TN0802", "1"),
    ("evaluate = 5", "TN0802", "5"),
    ("evaluate = 0 epochs", "TN0802", "0 epochs"),
    ("checkpoint = 3", "TN0802", "3"),
    ("checkpoint = Checkpoint(keep=0)", "TN0802", "0"),
    ("checkpoint = Checkpoint(every=3)", "TN0303", "3"),
    ('checkpoint = Checkpoint(bets="val.loss")', "TN0301", "bets"),
    ('checkpoint = Checkpoint(best="val.acc")', "TN0803", '"val.acc"'),
    ('checkpoint = Checkpoint(best="val.loss"); evaluate = none', "TN0803", '"val.loss"'),
    ("log = [csv]", "TN0802", "[csv]"),
    ("log_every = 0", "TN0802", "0"),
    ("clip_norm = 0", "TN0802", "0"),
    ('clip_norm = "1"', "TN0802", '"1"'),
    ("accumulate = 3", "TN0803", "accumulate"),
    ("deterministic = true; benchmark = true", "TN0803", "benchmark"),
    ("steps = 5", "TN0803", "steps"),
    ('schedule_per = "epoch"', "TN0803", "schedule_per"),
    ('on_nan = "ignore"', "TN0802", '"ignore"'),
    ('on_nan = "rollback"; checkpoint = none', "TN0803", "on_nan"),
    ("weights = 3", "TN0802", "3"),
])  # fmt: skip
def test_wrong_settings_are_refused_at_their_place(line, code, place):
    ((found_code, found_place, message),) = found(with_line(line))
    assert (found_code, found_place) == (code, place), message


@pytest.mark.parametrize("line, replaced, code, words", [
    ("loss = CrossEntropyLos()", "  loss      = CrossEntropyLoss()", "TN0802", "unknown loss `CrossEntropyLos`"),
    ('loss = CrossEntropyLoss(reduction="none")', "  loss      = CrossEntropyLoss()", "TN0802", "a loss is one number"),
    ("loss = CrossEntropyLoss(weight=[1, 2])", "  loss      = CrossEntropyLoss()", "TN0802", "weight"),
    ("loss = CrossEntropyLoss(label_smoothing=3)", "  loss      = CrossEntropyLoss()", "TN0802", "label_smoothing"),
    ('loss = CrossEntropyLoss(label_smoothing="a")', "  loss      = CrossEntropyLoss()", "TN0303", "takes a number"),
    ("loss = TripletMarginLoss()", "  loss      = CrossEntropyLoss()", "TN0802", "the net gives 1 output"),
    ("metrics = [acuracy]", "  metrics   = [accuracy]", "TN0802", "unknown metric `acuracy`"),
    ("metrics = [Accuracy]", "  metrics   = [accuracy]", "TN0802", "unknown metric `Accuracy`"),
    ("metrics = [accuracy(topk=5)]", "  metrics   = [accuracy]", "TN0301", "no argument `topk`"),
    ("metrics = [accuracy, accuracy]", "  metrics   = [accuracy]", "TN0802", "given twice"),
    ("", "  batch     = 16", "TN0802", "`train` sets no `batch`"),
    ("", "  epochs    = 3", "TN0802", "`train` sets no `epochs`"),
    ("", "  optimizer = SGD(lr=0.1, momentum=0.9)", "TN0802", "`train` sets no `optimizer`"),
    ("", "  loss      = CrossEntropyLoss()", "TN0802", "`train` sets no `loss`"),
    ("optimizer = SGD(lr=lrr)", "  optimizer = SGD(lr=0.1, momentum=0.9)", "TN0802", "lrr"),
])  # fmt: skip
def test_wrong_losses_and_metrics_are_one_diagnostic_each(line, replaced, code, words):
    diagnostics = found(with_line(line, replaced))
    assert [each[0] for each in diagnostics] == [code] and words in diagnostics[0][2], diagnostics


def test_a_mistyped_setting_is_not_called_missing_too():
    assert [each[0] for each in found(IRIS.replace("  batch ", "  bach "))] == ["TN0801"]


def test_several_faults_are_all_told():
    diagnostics = found(with_line('distributed = "ddp"; seed = 1.5; metrics = [nothing]', "  metrics   = [accuracy]"))
    assert [each[0] for each in diagnostics] == ["TN0001", "TN0802", "TN0802"]


def test_checking_a_spec_imports_no_torchmetrics():
    import subprocess

    code = "import sys, tnet; tnet.load('specs/digits.tnet'); print({'torchmetrics', 'sklearn'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_signatures_of_metrics_are_those_of_torchmetrics():
    """What is read from source, against the classes themselves."""
    for name, metric in metric_catalog.classes().items():
        real = inspect.signature(metric.load()).parameters
        wanted = [each for each in real if each not in ("kwargs", *metric_catalog.DECIDED)]
        assert list(metric.signature.parameters) == wanted, name
        for argument, parameter in metric.signature.parameters.items():
            assert (parameter.default is parameter.empty) == (real[argument].default is inspect.Parameter.empty), name


def test_names_of_metrics():
    assert (
        metric_catalog.find("accuracy").name == "Accuracy" and metric_catalog.find("fbeta_score").name == "FBetaScore"
    )
    assert (
        metric_catalog.find("mean_squared_error").name == "MeanSquaredError" and metric_catalog.find("nothing") is None
    )
    assert written_name(Call("accuracy", (), {"top_k": 5}, True)) == "accuracy_top_k_5"


def test_defaults():
    recipe = spec().recipe
    assert (recipe.seed, recipe.precision, recipe.matmul, recipe.log_every) == (0, "fp32", "highest", 50)
    assert recipe.evaluate == recipe.checkpoint.every == Duration(1, "epochs") and recipe.checkpoint.keep == 2


OUTPUTS = {1: torch.randn(6, 5), 2: torch.randn(6, 5), 3: torch.randn(6, 5)}
SHAPED = {
    "CrossEntropyLoss": (1, torch.tensor([0, 1, 2, 3, 4, 0])), "NLLLoss": (1, torch.tensor([0, 1, 2, 3, 4, 0])),
    "MultiMarginLoss": (1, torch.tensor([0, 1, 2, 3, 4, 0])), "CosineEmbeddingLoss": (2, torch.ones(6)),
    "TripletMarginLoss": (3, None), "TripletMarginWithDistanceLoss": (3, None),
    "MultiLabelMarginLoss": (1, torch.full((6, 5), -1).index_fill(1, torch.tensor([0]), 2)),
    "GaussianNLLLoss": (2, torch.randn(6, 5)), "MarginRankingLoss": (2, torch.ones(6, 5)),
    "HingeEmbeddingLoss": (1, torch.ones(6, 5)), "SoftMarginLoss": (1, torch.ones(6, 5)),
}  # fmt: skip
UNLIKE = ("CTCLoss", "BCELoss", "NLLLoss2d", "LinearCrossEntropyLoss")
LOSSES = [name for name, each in losses.names().items() if inspect.isclass(each) and name not in UNLIKE]


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_of_torch_is_applied_as_torch_says(name):
    from tnet.ir.graph import Module, Net
    from tnet.ir.types import TensorType

    count, target = SHAPED.get(name, (1, torch.rand(6, 5)))
    kind = TensorType("float32", ("N", 5))
    net = Net("Net", Module("net", "Net"), ((None, kind),) * count, {"N": None})
    choice = losses.choose(Call(name, span=SPAN), SPAN, net)
    outputs = [
        OUTPUTS[number + 1].abs() + 0.1 if name == "GaussianNLLLoss" else OUTPUTS[number + 1] for number in range(count)
    ]
    loss = choice.build()(tuple(outputs) if count > 1 else outputs[0], {"target": target})
    module = getattr(nn, name)()
    if name == "GaussianNLLLoss":
        expected = module(outputs[0], target, outputs[1])
    else:
        expected = module(*outputs, *([target] if target is not None else []))
    assert torch.equal(loss, expected)


def test_weights_of_classes_and_functions():
    recipe = tnet.loads(IRIS.replace("CrossEntropyLoss()", "CrossEntropyLoss(weight=[1, 2, 3])")).recipe
    output, target = torch.randn(4, 3), torch.tensor([0, 1, 2, 1])
    expected = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))(output, target)
    assert torch.equal(recipe.loss.build()(output, {"target": target}), expected)
    recipe = tnet.loads(IRIS.replace("CrossEntropyLoss()", "cross_entropy(label_smoothing=0.1)")).recipe
    expected = nn.functional.cross_entropy(output, target, label_smoothing=0.1)
    assert torch.equal(recipe.loss.build()(output, {"target": target}), expected)


def test_a_spec_without_train_says_so():
    with pytest.raises(SpecError, match="no `train`"):
        _ = tnet.loads(IRIS[: IRIS.index("train {")]).recipe
