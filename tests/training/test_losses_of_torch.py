"""Every loss of torch.nn trains as it does by hand (L1), and what is made of them: smoothing, weights, labels."""

from __future__ import annotations

import inspect
import json

import pytest
import torch
from small_specs import spec
from torch import Tensor, nn
from trained_by_hand import losses_of

from tnet.diagnostics import SpecError
from tnet.training import losses
from tnet.training.outputs import outputs_of

NET = """
net Tiny(v: float[N, 6]) -> OUTPUTS {
BODY
}

train {
  steps     = 5
  batch     = 8
  loss      = LOSS
  optimizer = SGD(lr=0.05)
  seed      = 42
  log_every = 1
  compile   = false
}
"""
DRAWS = torch.Generator().manual_seed(0)
ROWS = torch.randn(40, 6, generator=DRAWS)
CLASSES = torch.arange(40) % 3
NUMBERS = torch.randn(40, 3, generator=DRAWS)
BITS = (NUMBERS > 0).float()
SIGNS = BITS * 2 - 1
ONE = ("float[N, 3]", "  Linear(3)")
TWO = ("a: float[N, 3], b: float[N, 3]", "  a = v -> first: Linear(3)\n  b = v -> second: Linear(3)\n  return a, b")
THREE = (
    "a: float[N, 3], b: float[N, 3], c: float[N, 3]",
    "  a = v -> one: Linear(3)\n  b = v -> two: Linear(3)\n  c = v -> three: Linear(3)\n  return a, b, c",
)


def ending(step: str) -> tuple[str, str]:
    return "float[N, 3]", f"  Linear(3)\n  {step}"


TABLE = {
    "L1Loss": (ONE, NUMBERS, {}),
    "SmoothL1Loss": (ONE, NUMBERS, {"beta": 0.5}),
    "HuberLoss": (ONE, NUMBERS, {"delta": 0.5}),
    "MSELoss": (ONE, NUMBERS, {"reduction": "sum"}),
    "BCELoss": (ending("sigmoid"), BITS, {}),
    "BCEWithLogitsLoss": (ONE, BITS, {"pos_weight": [1.0, 2.0, 3.0]}),
    "CrossEntropyLoss": (ONE, CLASSES, {"weight": [1.0, 2.0, 0.5], "label_smoothing": 0.1}),
    "NLLLoss": (ending("log_softmax(1)"), CLASSES, {"weight": [1.0, 2.0, 0.5]}),
    "PoissonNLLLoss": (ONE, NUMBERS.abs(), {}),
    "GaussianNLLLoss": (
        (TWO[0], TWO[1].replace("return a, b", "return a, softplus(b)")), NUMBERS, {"full": True},
    ),
    "KLDivLoss": (ending("log_softmax(1)"), NUMBERS.softmax(1), {"reduction": "batchmean"}),
    "MarginRankingLoss": (TWO, SIGNS, {"margin": 0.5}),
    "HingeEmbeddingLoss": (ONE, SIGNS, {}),
    "MultiLabelMarginLoss": (ONE, torch.tensor([[0, 2, -1], [1, -1, 0]] * 20), {}),
    "SoftMarginLoss": (ONE, SIGNS, {}),
    "MultiLabelSoftMarginLoss": (ONE, BITS, {}),
    "CosineEmbeddingLoss": (TWO, SIGNS[:, 0], {"margin": 0.2}),
    "MultiMarginLoss": (ONE, CLASSES, {"p": 2}),
    "TripletMarginLoss": (THREE, CLASSES, {"swap": True}),
    "TripletMarginWithDistanceLoss": (THREE, CLASSES, {"margin": 0.5}),
}  # fmt: skip
BY_EXPRESSION = {"CTCLoss": "its lengths are no outputs"}
"""Losses that are written as an expression, with the reason."""


def text(loss: str, net: tuple[str, str] = ONE) -> str:
    return NET.replace("OUTPUTS", net[0]).replace("BODY", net[1]).replace("LOSS", loss)


def by_hand(source, loss, target: Tensor, floats: bool = True) -> list[float]:
    model = source.model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    found = []
    for batch in source.data_recipe.load(42, 8, data=(ROWS, target)).train.epoch(0):
        optimizer.zero_grad()
        value = loss(outputs_of(model(batch["v"])), batch["target"])
        value.backward()
        optimizer.step()
        found.append(value.item())
    return found


def test_every_loss_of_torch_is_in_the_table():
    """L1: what a new torch brings is noticed here."""
    classes = {name for name, each in losses.names().items() if inspect.isclass(each)}
    assert classes - {"_Loss", "_WeightedLoss"} == TABLE.keys() | BY_EXPRESSION.keys() | NEWER


NEWER = {name for name in ("NLLLoss2d", "LinearCrossEntropyLoss") if hasattr(nn, name)}
"""NLLLoss2d is an old name; LinearCrossEntropyLoss has the net's last layer inside, and is a module of parameters."""


@pytest.mark.parametrize("name", TABLE)
def test_l1_a_loss_trains_as_by_hand(tmp_path, name):
    """L1"""
    net, target, arguments = TABLE[name]
    written = ", ".join(f"{key}={json.dumps(value)}" for key, value in arguments.items())
    source = spec(text(f"{name}({written})", net))
    tensors = {key: torch.tensor(value) if isinstance(value, list) else value for key, value in arguments.items()}
    loss = getattr(nn, name)(**tensors)
    taken = [each for each in inspect.signature(loss.forward).parameters]

    def applied(outputs, target):
        rest = iter(outputs)
        return loss(*[target if each == "target" else next(rest) for each in taken])

    source.train(out=tmp_path / "run", data=(ROWS, target))
    assert losses_of(tmp_path / "run") == by_hand(source, applied, target)


def test_l1_ctc(tmp_path):
    """L1: each sample has ten steps, and a text of three letters."""
    net = ("float[N, 10, 5]", "  Linear(50)\n  unflatten(1, [10, 5])")
    written = (
        "ctc_loss(output.log_softmax(2).transpose(0, 1), target, full([output.shape[0]], 10, dtype=int64), "
        "full([output.shape[0]], 3, dtype=int64))"
    )
    target = torch.randint(1, 5, (40, 3), generator=DRAWS)
    source = spec(text(written, net))

    def applied(outputs, target):
        ten, three = (torch.full([len(target)], size) for size in (10, 3))
        return nn.functional.ctc_loss(outputs[0].log_softmax(2).transpose(0, 1), target, ten, three)

    source.train(out=tmp_path / "run", data=(ROWS, target))
    assert losses_of(tmp_path / "run") == by_hand(source, applied, target)


def test_l3_smoothing_of_the_handbooks(tmp_path):
    """L3: a handbook gives the true class 1 - e and the K - 1 others e / (K - 1) each; torch's has e / K for all of
    them, so its e·K/(K-1) is the same."""
    e, k = 0.1, 3

    def handbook(outputs, target):
        shares = torch.full_like(outputs[0], e / (k - 1)).scatter_(1, target[:, None], 1 - e)
        return -(shares * outputs[0].log_softmax(1)).sum(1).mean()

    source = spec(text("CrossEntropyLoss(label_smoothing=0.1 * 3 / 2)"))
    source.train(out=tmp_path / "run", data=(ROWS, CLASSES))
    # the sum over classes is taken in another order
    assert losses_of(tmp_path / "run") == pytest.approx(by_hand(source, handbook, CLASSES), rel=1e-5)


def test_l9_several_labels_a_sample(tmp_path):
    """L9: each label is 0 or 1, and metrics are of labels."""
    metrics = 'metrics = [accuracy, f1_score, accuracy(average="none")]\n  compile '
    source = spec(text("BCEWithLogitsLoss()").replace("compile ", metrics))
    run = source.train(out=tmp_path / "run", data={"train": (ROWS, BITS), "val": (ROWS, BITS)})
    assert losses_of(tmp_path / "run") == by_hand(source, lambda o, t: nn.BCEWithLogitsLoss()(o[0], t), BITS)
    right = (run.model(ROWS) > 0).float() == BITS
    assert run.metrics["val.accuracy"] == pytest.approx(float(right.float().mean()))
    assert run.metrics["val.accuracy_average_none"] == pytest.approx(right.float().mean(0).tolist())


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_o10_the_last_shorter_window_counts_by_its_samples(tmp_path, reduction):
    """O10: 36 samples in batches of 8 in 4 parts; the last batch of 4 has parts of its own. To rounding: a batch in
    parts is added up in another order."""
    rows, target = ROWS[:36], NUMBERS[:36]
    source = spec(text(f'MSELoss(reduction="{reduction}")').replace("batch     = 8", "batch = 8; accumulate = 4"))
    whole = spec(text(f'MSELoss(reduction="{reduction}")'))
    source.train(out=tmp_path / "parts", data=(rows, target))
    whole.train(out=tmp_path / "whole", data=(rows, target))
    assert losses_of(tmp_path / "parts") == pytest.approx(losses_of(tmp_path / "whole"), rel=1e-5)


@pytest.mark.parametrize("name, body", [
    ("LinearCrossEntropyLoss", "x = (output, target) -> LinearCrossEntropyLoss(num_classes=3)"),
    ("AdaptiveLogSoftmaxWithLoss", "_, x = (output, target) -> AdaptiveLogSoftmaxWithLoss(3, [2])"),
])  # fmt: skip
def test_l1_losses_with_weights_are_trained_in_a_block(tmp_path, name, body):
    """L1: beside the net's, by the same optimizer; as a setting they are refused with that."""
    if not hasattr(nn, name):
        pytest.skip("a later torch has it")
    with pytest.raises(SpecError) as caught:
        spec(text(f"{name}(3, 3)"))
    (found,) = [each for each in caught.value.diagnostics if each.is_error]
    assert "weights of its own" in found.message and f"-> {name}(…)" in found.help
    source = spec(f"block Own()(output, target) {{ {body} }}\n" + text("Own"))
    run = source.train(out=tmp_path / "run", data=(ROWS, CLASSES))
    model = source.model()
    model.loss = source.loss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for batch in source.data_recipe.load(42, 8, data=(ROWS, CLASSES)).train.epoch(0):
        optimizer.zero_grad()
        model.loss(model(batch["v"]), batch).backward()
        optimizer.step()
    assert all(torch.equal(value, model.loss.state_dict()[key]) for key, value in run.loss.state_dict().items())
    assert any(not torch.equal(value, source.loss().state_dict()[key]) for key, value in run.loss.state_dict().items())


def test_a_loss_that_takes_a_function_is_refused():
    with pytest.raises(SpecError, match="distance_function"):
        spec(text("TripletMarginWithDistanceLoss(distance_function=3)", THREE))
