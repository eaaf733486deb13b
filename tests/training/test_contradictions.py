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
}


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
])  # fmt: skip
def test_what_cannot_be_is_found_by_checking(net, lines, code, words):
    optimizer = "LBFGS()" if net == "closures" else "SGD(lr=0.1)"
    start = f"train {{ epochs = 1; batch = 4; loss = CrossEntropyLoss(); optimizer = {optimizer}"
    text = f"{NAMED[net]}\n{start}; {lines} }}"
    ((found, message),) = [(each.code, each.message) for each in compile_spec(Source("x", text)).diagnostics]
    assert found == code and words in message


def test_early_stop_needs_data_to_evaluate_on():
    text = IRIS.replace("split = [0.6, 0.2, 0.2]", "").replace("epochs  ", "early_stop = Patience(2); epochs  ")
    with pytest.raises(SpecError, match="needs data to evaluate on"):
        trained("nowhere", text=text)
