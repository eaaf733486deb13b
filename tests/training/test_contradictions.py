"""Settings that contradict each other, the net or the data, found before anything runs."""

from __future__ import annotations

import pytest
from small_specs import IRIS, trained

from tnet.compiler import compile_spec
from tnet.diagnostics import SpecError
from tnet.source import Source

NAMED = {
    "image": "net Tiny(image: float[N, 1, 8, 8]) -> float[N, 10] { flatten(1); Linear(10) }",
    "tokens": "net Tiny(tokens: int[N, 8]) -> float[N, 10] { Embedding(9, 4); flatten(1); Linear(10) }",
    "closures": "net Tiny(image: float[N, 1, 8, 8]) -> float[N, 10] { flatten(1); Linear(10) }",
    "row": "net Tiny(row: float[N, 8]) -> float[N, 10] { Linear(10) }",
    "map": "net Tiny(image: float[N, 1, 8, 8]) -> float[N, 10, 8, 8] { Conv2d(10, 1) }",
    "copy": "net Tiny(row: float[N, 8]) -> copy: float[N, 8] { Linear(8) }",
    "labels": "net Tiny(row: float[N, 8]) -> float[N, 3] { Linear(3) }",
    "number": "net Tiny(row: float[N, 8]) -> float[N, 1] { Linear(1) }",
}
LOSSES = {"copy": "mse_loss(copy, row)", "labels": "BCEWithLogitsLoss()", "number": "MSELoss()"}


@pytest.mark.parametrize("net, lines, code, words", [
    ("tokens", "mixup = 0.2", "TN0803", "`tokens` is `int64[N, 8]`, not float"),
    ("row", "cutmix = 1.0", "TN0803", "pastes parts of images, but the net takes `row: float32[N, 8]`"),
    ("map", "mixup = 0.2", "TN0803", "the target is a map of values"),
    ("map", "cutmix = 1.0", "TN0803", "the target is a map of values"),
    ("image", "mixup = 0", "TN0802", "`mixup` is a number above 0, not 0"),
    ("image", "cutmix = true", "TN0802", "`cutmix` is a number above 0, not true"),
    ("image", "ema = 1", "TN0802", "`ema` is a number above 0 and below 1, not 1"),
    ("image", "ema = 0", "TN0802", "`ema` is a number above 0 and below 1, not 0"),
    ("image", "clip_value = -1", "TN0802", "`clip_value` is a number above 0, not -1"),
    ("image", "sync_batchnorm = true", "TN0803", "`sync_batchnorm` is for batch norms, and the net has none"),
    ("image", "devices = []", "TN0802", "a list of the numbers of CUDA devices"),
    ("image", 'devices = ["cuda:1"]', "TN0802", "a list of the numbers of CUDA devices"),
    ("image", 'devices = [1]; device = "cuda:1"', "TN0803", "both say where to train"),
    ("image", 'distributed = "ddp"', "TN0001", "`distributed`"),
    ("image", 'on_nan = "rollback"; checkpoint = none', "TN0803", "none is kept"),
    ("closures", 'on_nan = "skip"', "TN0803", "has moved when a loss is no number"),
    ("closures", 'precision = "fp16"', "TN0803", "cannot have its gradients scaled"),
    ("image", "early_stop = 5", "TN0802", "`early_stop` is `Patience(…)`, not 5"),
    ("image", "early_stop = Patience()", "TN0302", "needs `evaluations`"),
    ("image", "early_stop = Patience(0)", "TN0802", "at least 1 evaluation"),
    ("image", 'early_stop = Patience(3, monitor="val.los")', "TN0803", 'no number is called "val.los"'),
    ("image", 'metrics = [confusion]; early_stop = Patience(3, monitor="val.confusion")', "TN0803", "no number"),
    ("image", "early_stop = Patience(3); evaluate = none", "TN0803", "stopping early is decided by evaluating"),
    ("image", "clip_norm = Norm(1, type=0)", "TN0802", "`type` of `Norm` must be above 0"),
    ("image", "clip_norm = [1, 2]", "TN0802", "`clip_norm` is a number or `Norm(…)`, not a list"),
    ("image", "accumulate = 3", "TN0803", "a batch of 4 cannot be computed in 3 equal parts"),
    ("image", "benchmark = true; deterministic = true", "TN0803", "`benchmark` picks the fastest algorithms"),
    ("image", "anomaly = true; compile = true", "TN0803", "compiled code has not"),
    ("image", 'precision = "bf16"; dtype = "bfloat16"', "TN0803", "`dtype` makes it another net"),
    ("image", "swa = SWA; ema = 0.9", "TN0803", "both averages"),
    ("image", "swa = SWA; early_stop = Patience(3)", "TN0803", "which `early_stop` may cut off"),
    ("image", "swa = SWA(start=1)", "TN0802", "`start` of `SWA` is a share of the run"),
    ("image", "steps = 9", "TN0803", "`epochs` and `steps` both say how long to train"),
    ("row", "channels_last = true", "TN0803", "no input of the net has four dims"),
    ("image", 'early_stop = Patience(3, monitor="train.loss")', "TN0803", 'no number is called "train.loss"'),
    ("copy", "mixup = 0.2", "TN0803", "but the loss takes no target"),
    ("labels", 'distill = Distill("t.tnet")', "TN0803", "but `BCEWithLogitsLoss` is for several labels"),
    ("number", 'distill = Distill("t.tnet")', "TN0803", "the net gives one number a sample"),
    ("image", "workers = 4", "TN0801", "unknown training setting `workers`"),
    ("image", "warmup_epochs = 4", "TN0801", "unknown training setting `warmup_epochs`"),
])  # fmt: skip
def test_what_cannot_be_is_found_by_checking(net, lines, code, words):
    optimizer = "LBFGS()" if net == "closures" else "SGD(lr=0.1)"
    start = f"train {{ epochs = 1; batch = 4; loss = {LOSSES.get(net, 'CrossEntropyLoss()')}; optimizer = {optimizer}"
    text = f"{NAMED[net]}\n{start}; {lines} }}"
    ((found, message),) = [(each.code, each.message) for each in compile_spec(Source("x", text)).diagnostics]
    assert found == code and words in message


def test_early_stop_needs_data_to_evaluate_on():
    text = IRIS.replace("split = [0.6, 0.2, 0.2]", "").replace("epochs  ", "early_stop = Patience(2); epochs  ")
    with pytest.raises(SpecError, match="needs data to evaluate on"):
        trained("nowhere", text=text)


def test_evaluating_needs_data_too():
    """What is asked for is not left out without a word; the default is, where there is nothing to evaluate on."""
    text = IRIS.replace("split = [0.6, 0.2, 0.2]", "")
    assert not [each for each in compile_spec(Source("x", text)).diagnostics if each.is_error]
    found = compile_spec(Source("x", text.replace("epochs  ", "evaluate = 5 steps; epochs  "))).diagnostics
    assert [each.message for each in found if each.is_error] == ["`evaluate` needs data to evaluate on"]


@pytest.mark.parametrize("line, advice", [
    ("split = [0.9, 0.1]", "it is a setting of `data`"),
    ("label_smoothing = 0.1", "`CrossEntropyLoss(label_smoothing=…)`"),
    ("momentum = 0.9", "`optimizer = SGD(momentum=…)`"),
    ("class_weights = [1, 2]", "`CrossEntropyLoss(weight=[…])`"),
    ("shuffle = true", "a new order in each epoch"),
    ("gradient_clip_val = 1.0", "did you mean `clip_norm`?"),
    ("max_epochs = 4", "did you mean `epochs`?"),
])  # fmt: skip
def test_what_other_libraries_set_there_has_a_place(line, advice):
    found = compile_spec(Source("x", IRIS.replace("epochs  ", f"{line}; epochs  "))).diagnostics
    assert [(each.code, advice in (each.help or "")) for each in found if each.is_error] == [("TN0801", True)]


def test_a_run_too_short_to_average_says_so(tmp_path, capsys):
    for start, told in ((0.9, True), (0.3, False)):
        text = IRIS.replace("epochs  ", f"swa = SWA(start={start}); epochs  ")
        trained(tmp_path / str(start), text=text)
        assert ("`swa` averages nothing" in capsys.readouterr().err) is told
