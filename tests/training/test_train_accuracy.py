"""The accuracy in training, counted in the step's graph, is torchmetrics' of the same outputs."""

from __future__ import annotations

import json

import pytest
import torch
from small_specs import DIGITS, IRIS, spec, trained
from torch._dynamo.testing import CompileCounter
from torch.utils._python_dispatch import TorchDispatchMode
from torchmetrics import Accuracy

from tnet.training.parts import assemble
from tnet.training.train_accuracy import train_accuracy

TWO = (
    IRIS.replace("head: Linear(3)", "head: Linear(1) -> squeeze(1)")
    .replace("logits: float[N, 3]", "float[N]")
    .replace("train = Iris()", "train = BreastCancer()")
    .replace("features: float[N, 4]", "features: float[N, 30]")
    .replace("CrossEntropyLoss()", "BCEWithLogitsLoss()")
)


def recorded(path) -> list[float]:
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [each["train.accuracy"] for each in lines if each["event"] == "evaluate"]


@pytest.mark.parametrize("text, metric", [
    (IRIS, Accuracy("multiclass", num_classes=3)), (TWO, Accuracy("binary")),
    (IRIS.replace("[accuracy]", "{share: accuracy(top_k=1)}"), Accuracy("multiclass", num_classes=3)),
])  # fmt: skip
def test_it_is_torchmetrics_over_each_epoch(tmp_path, text, metric, capsys):
    run = trained(tmp_path / "run", text=text)
    source = spec(text)
    model, optimizer, loss = source.model(), None, source.loss()
    optimizer, loader, expected = source.optimizer(model), source.data().train, []
    for epoch in range(3):
        metric.reset()
        for batch in loader.epoch(epoch):
            optimizer.zero_grad()
            output = model(batch["features"])
            shares = output.sigmoid() if output.ndim == 1 else output  # torchmetrics takes small logits for shares
            metric.update(shares.detach(), batch["target"].long())
            loss(output, batch).backward()
            optimizer.step()
        expected.append(float(metric.compute()))
    assert recorded(run.path) == pytest.approx(expected)
    assert run.metrics["train.accuracy"] == recorded(run.path)[-1]
    assert capsys.readouterr().err.count("train.accuracy 0.") == 3


@pytest.mark.parametrize("loss, ending, metric", [
    ("BCEWithLogitsLoss()", "", "accuracy"), ("BCELoss()", "; sigmoid", 'accuracy(average="micro")'),
    ("MultiLabelSoftMarginLoss()", "", "accuracy"),
])  # fmt: skip
def test_l9_it_is_torchmetrics_for_several_labels(tmp_path, loss, ending, metric):
    """L9: the mean over labels is the share of all, as each sample has each label."""
    text = f"net Tags(x: float[N, 4]) -> float[N, 3] {{ Linear(3){ending} }}\ntrain {{ epochs = 1; batch = 40\n"
    text += f"  loss = {loss}; optimizer = SGD(lr=0.0); metrics = [{metric}]; compile = false }}"
    draws = torch.Generator().manual_seed(0)
    data = (torch.randn(40, 4, generator=draws), torch.randint(2, (40, 3), generator=draws).float())
    run = spec(text).train(out=tmp_path / "run", data={"train": data, "val": data})
    shares = run.model(data[0]) if ending else run.model(data[0]).sigmoid()
    wanted = Accuracy("multilabel", num_labels=3)(shares, data[1].long())
    assert run.metrics["train.accuracy"] == pytest.approx(float(wanted)) and 0 < wanted < 1


@pytest.mark.parametrize("settings", [
    {"train.mixup": 0.2}, {"train.metrics": "[f1_score]"}, {"train.metrics": "[accuracy(top_k=2)]"},
    {"train.metrics": '[accuracy(average="macro")]'}, {"train.evaluate": None},
])  # fmt: skip
def test_where_it_would_mean_something_else_there_is_none(tmp_path, settings):
    run = trained(tmp_path / "run", settings | {"train.epochs": 1})
    assert "train.accuracy" not in run.metrics


def test_it_is_part_of_the_one_graph(tmp_path, monkeypatch):
    counter, real = CompileCounter(), torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **_: real(function, backend=counter))
    torch._dynamo.reset()
    fast = trained(tmp_path / "fast", {"train.compile": True}, DIGITS.replace("Dropout(0.2)", ""))
    assert counter.frame_count == 1
    plain = trained(tmp_path / "plain", text=DIGITS.replace("Dropout(0.2)", ""))
    assert recorded(fast.path) == pytest.approx(recorded(plain.path), abs=2e-3), "the compiled optimizer rounds"


class Reads(TorchDispatchMode):
    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **(kwargs or {}))


def test_a_step_waits_for_nothing():
    parts = assemble(spec(), None, print)
    parts.forward.accuracy = train_accuracy(parts.recipe, parts.world.device)
    batch = next(parts.loaders.train.epoch(0))
    with Reads() as reads:
        parts.forward.loss(batch)
    assert reads.count == 0 and int(parts.forward.accuracy.counts[1]) == len(batch["target"])


def test_classes_that_are_left_out_do_not_count():
    counts = train_accuracy(spec().recipe, torch.device("cpu"))
    counts.add(torch.eye(3), torch.tensor([0, 2, -100]))
    assert counts.read() == {"train.accuracy": 0.5} and counts.read() == {}
