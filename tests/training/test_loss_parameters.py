"""Losses with parameters of their own: trained with the net, saved under `loss.`, and reached by rules."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from small_specs import spec, trained
from test_tricks import same_weights
from torch import nn
from trained_by_hand import losses_of, seed_model

from tnet.compiler import compile_spec
from tnet.source import Source
from tnet.training import evaluate_run, load_run

CENTERS = """
block Center(classes, weight)(output, target) {
  parameter centers: float[classes, 10] = normal(std=0.1)
  buffer steps: float[] = zeros
  if training { steps += 1.0 }
  return cross_entropy(output, target) + weight * ((output - centers[target]) ** 2).mean()
}

net Tiny(image: float[N, 1, 8, 8]) -> logits: float[N, 10] {
  flatten(1)
  Linear(16)
  relu
  Dropout(0.2)
  head: Linear(10)
}

parameters {
  loss.centers { lr = 0.5; weight_decay = 0.01 }
}

data {
  train = Digits()
  split = [0.9, 0.1]
}

train {
  steps     = 20
  batch     = 32
  loss      = Center(10, 0.05)
  optimizer = SGD(lr=0.1, momentum=0.9)
  metrics   = [accuracy(task="multiclass", num_classes=10)]
  seed      = 42
  log_every = 1
  compile   = false
}
"""


class CenterLoss(nn.Module):
    """Wen et al., A discriminative feature learning approach for deep face recognition, 2016."""

    def __init__(self, centers: torch.Tensor, weight: float):
        super().__init__()
        self.centers, self.weight = nn.Parameter(centers), weight
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, output, target):
        self.steps += 1.0
        return nn.functional.cross_entropy(output, target) + self.weight * ((output - self.centers[target]) ** 2).mean()


def settings(*lines: str, text: str = CENTERS) -> str:
    return text.replace("  compile ", "".join(f"  {line}\n" for line in lines) + "  compile ")


def by_hand(text: str = CENTERS):
    source = spec(text)
    model = source.model()
    loss = CenterLoss(source.loss().centers.detach().clone(), 0.05)
    optimizer = torch.optim.SGD(
        [{"params": model.parameters()}, {"params": loss.parameters(), "lr": 0.5, "weight_decay": 0.01}],
        lr=0.1, momentum=0.9,
    )  # fmt: skip
    losses = []
    for step, batch in zip(range(20), source.data().train.epoch(0), strict=False):
        optimizer.zero_grad()
        seed_model(step)
        value = loss(model(batch["image"]), batch["target"])
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return model, loss, losses


def test_it_trains_as_a_module_by_hand(tmp_path):
    run = trained(tmp_path / "run", text=CENTERS)
    model, loss, losses = by_hand()
    assert losses_of(tmp_path / "run") == losses
    assert same_weights(run, model) and list(run.model.state_dict()) == list(model.state_dict())
    assert torch.equal(run.loss.centers, loss.centers) and float(run.loss.steps) == 20


def test_it_is_saved_under_loss_and_read_again(tmp_path):
    run = trained(tmp_path / "run", text=CENTERS)
    saved = load_file(tmp_path / "run" / "model.safetensors")
    assert torch.equal(saved["loss.centers"], run.loss.centers) and "loss.steps" in saved
    again = load_run(tmp_path / "run")
    assert torch.equal(again.loss.centers, run.loss.centers) and not hasattr(again.model, "loss")
    assert evaluate_run(tmp_path / "run", "val")["val.loss"] == pytest.approx(run.metrics["val.loss"], rel=1e-6)


def test_it_goes_on_to_the_bit(tmp_path):
    keep = "checkpoint = Checkpoint(every=7 steps, keep=9)"
    whole = trained(tmp_path / "whole", text=settings(keep))
    trained(tmp_path / "run", text=settings(keep).replace("= 20", "= 14"))
    run = spec(settings(keep)).train(out=tmp_path / "run", resume=True, accept_changes=True)
    assert losses_of(tmp_path / "run") == losses_of(tmp_path / "whole")
    assert torch.equal(run.loss.centers, whole.loss.centers) and float(run.loss.steps) == 20


def test_averages_have_parameters_of_their_own(tmp_path):
    run = trained(tmp_path / "run", text=settings("ema = 0.9"))
    model, loss, losses = by_hand()
    assert losses_of(tmp_path / "run") == losses
    assert not torch.equal(run.loss.centers, loss.centers) and float(run.loss.steps) == 20


def test_it_compiles(tmp_path):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    run = trained(tmp_path / "run", text=CENTERS.replace("compile   = false", ""))
    assert not torch._dynamo.utils.counters["graph_break"]
    assert losses_of(tmp_path / "run") == pytest.approx(by_hand()[2], rel=0.2)
    assert torch.allclose(run.loss.centers, by_hand()[1].centers, atol=0.05) and float(run.loss.steps) == 20


def test_rules_and_plans_know_it(tmp_path):
    source = spec(CENTERS)
    assert "loss.centers" in str(source.why("loss.centers")) and "weight_decay" in str(source.why("loss.*"))
    assert "loss.centers" in [group.name for group in source.plan().groups]
    drawn = spec(CENTERS.replace("{ lr = 0.5;", "{ init = ones; lr = 0.5;")).loss()
    assert torch.equal(drawn.centers, torch.ones(10, 10))
    frozen = trained(tmp_path / "run", text=CENTERS.replace("{ lr = 0.5;", "{ freeze = true; lr = 0.5;"))
    assert torch.equal(frozen.loss.centers, source.loss().centers)


def test_by_hand_it_is_a_part_of_the_model():
    source = spec(CENTERS)
    model = source.model()
    assert "loss.centers" not in model.state_dict()
    with pytest.raises(ValueError, match=r"set `model.loss = spec.loss\(\)` first"):
        source.optimizer(model)
    model.loss = source.loss()
    names = [group["name"] for group in source.optimizer(model).param_groups]
    assert "loss.centers" in names
    assert "loss.centers" in model.state_dict() and source.select(model, "loss").modules


def test_in_a_list_and_in_an_expression(tmp_path):
    text = CENTERS.replace("loss.centers", "loss.1.centers").replace("= Center", "= [CrossEntropyLoss(), Center")
    run = trained(tmp_path / "list", text=text.replace("0.05)", "0.05)]"))
    assert "loss.1.centers" in load_file(tmp_path / "list" / "model.safetensors")
    assert torch.equal(getattr(run.loss, "1").steps, torch.tensor(20.0))
    text = CENTERS.replace("loss.centers", "loss.center.centers")
    text = text.replace("= Center(10, 0.05)", "= 0.5 * ((logits, target) -> Center(10, 0.05))")
    trained(tmp_path / "sum", text=text)
    assert "loss.center.centers" in load_file(tmp_path / "sum" / "model.safetensors")


@pytest.mark.parametrize("before, after, code, words", [
    ("head: Linear", "loss: Linear", "TN0202", "the net has a `loss` already"),
    ("{ lr = 0.5;", "{ parametrize = weight_norm; lr = 0.5;", "TN0001", "`parametrize` of a loss's own modules"),
    ("loss.centers {", "loss.center {", "TN0601", "loss.center"),
    ("loss.centers {", "head { loss = Center(10, 0.1) }\n  loss.centers {", "TN0001", "a loss of a rule"),
])  # fmt: skip
def test_what_cannot_be(before, after, code, words):
    found = [each for each in compile_spec(Source("x", CENTERS.replace(before, after, 1))).diagnostics if each.is_error]
    assert any(each.code == code and words in each.message for each in found), found
