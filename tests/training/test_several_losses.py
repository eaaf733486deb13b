"""Several losses of one recipe, each with its own backward pass (L8)."""

from __future__ import annotations

import json

import pytest
import torch
from small_specs import spec, trained
from test_tricks import same_weights
from torch.nn.functional import cross_entropy, mse_loss
from trained_by_hand import losses_of, seed_model

from tnet.compiler import compile_spec
from tnet.source import Source
from tnet.training.parts import assemble

TWO = """
net Two(image: float[N, 1, 8, 8]) -> logits: float[N, 10], pixels: float[N, 64] {
  code: { flatten(1); Linear(16); relu }
  Dropout(0.2)
  logits = x -> head: Linear(10)
  pixels = x -> back: Linear(64)
  return logits, pixels
}

data {
  train = Digits()
  split = [0.9, 0.1]
}

train {
  steps     = 20
  batch     = 32
  loss      = [cross_entropy(logits, target), mse_loss(pixels, image.flatten(1))]
  optimizer = SGD(lr=0.1, momentum=0.9)
  metrics   = [accuracy]
  seed      = 42
  log_every = 1
  compile   = false
}
"""


LIST = "[cross_entropy(logits, target), mse_loss(pixels, image.flatten(1))]"


def several(*lines: str, loss: str | None = None) -> str:
    text = TWO.replace("  compile ", "".join(f"  {line}\n" for line in lines) + "  compile ")
    return text if loss is None else text.replace(LIST, loss)


def events(path, kind: str) -> list[dict]:
    found = map(json.loads, (path / "metrics.jsonl").read_text().splitlines())
    return [each for each in found if each["event"] == kind]


def by_hand(parts: int = 1, clip: float | None = None):
    """The loop of a handbook: `a.backward(retain_graph=True); b.backward()`."""
    source = spec(TWO)
    model = source.model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    seen = []
    for step, batch in zip(range(20), source.data().train.epoch(0), strict=False):
        optimizer.zero_grad()
        seed_model(step)
        found = torch.zeros(2)
        for image, target in zip(batch["image"].chunk(parts), batch["target"].chunk(parts), strict=True):
            logits, pixels = model(image)
            a, b = cross_entropy(logits, target), mse_loss(pixels, image.flatten(1))
            if parts > 1:
                a, b = a * (1 / parts), b * (1 / parts)
            a.backward(retain_graph=True)
            b.backward()
            found += torch.stack([a, b]).detach()
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        seen.append(found)
    return model, seen


@pytest.mark.parametrize("settings, options", [
    ((), {}), (("accumulate = 2",), {"parts": 2}), (("clip_norm = 0.1",), {"clip": 0.1}),
])  # fmt: skip
def test_l8_independent_losses_are_the_loop_by_hand(tmp_path, settings, options):
    """L8: gradients add up; the log has their sum, and each."""
    run = trained(tmp_path / "run", text=several(*settings))
    model, seen = by_hand(**options)
    steps = events(tmp_path / "run", "step")
    assert [[each["train.loss.0"], each["train.loss.1"]] for each in steps] == [each.tolist() for each in seen]
    assert losses_of(tmp_path / "run") == [float(each.sum()) for each in seen]
    assert same_weights(run, model)
    assert run.metrics["val.loss"] == pytest.approx(run.metrics["val.loss.0"] + run.metrics["val.loss.1"])


def test_l8_two_losses_summed(tmp_path):
    """The sum in one expression has the same gradients to rounding: they are added in another order."""
    trained(tmp_path / "run", text=several(loss="cross_entropy(logits, target) + mse_loss(pixels, image.flatten(1))"))
    assert losses_of(tmp_path / "run") == pytest.approx([float(each.sum()) for each in by_hand()[1]], rel=1e-5)


def test_losses_with_names(tmp_path):
    named = "{digits: cross_entropy(logits, target), picture: mse_loss(pixels, image.flatten(1))}"
    keep = 'checkpoint = Checkpoint(best="val.loss.picture")'
    run = trained(tmp_path / "run", text=several(keep, "evaluate = 5 steps", loss=named))
    assert {"train.loss.digits", "train.loss.picture"} < events(tmp_path / "run", "step")[0].keys()
    found = {each["step"]: each["val.loss.picture"] for each in events(tmp_path / "run", "evaluate")}
    assert run.checkpoint.name == f"step-{min(found, key=found.get):08d}"


def test_a_list_compiles_to_one_graph(tmp_path):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    trained(tmp_path / "run", text=several().replace("compile   = false", ""))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    assert not torch._dynamo.utils.counters["graph_break"]
    assert losses_of(tmp_path / "run") == pytest.approx([float(each.sum()) for each in by_hand()[1]], rel=0.2)


def test_it_goes_on_where_it_was(tmp_path):
    keep = "checkpoint = Checkpoint(every=7 steps, keep=9)"
    trained(tmp_path / "whole", text=several(keep, "accumulate = 2"))
    trained(tmp_path / "run", text=several(keep, "accumulate = 2").replace("= 20", "= 14"))
    spec(several(keep, "accumulate = 2")).train(out=tmp_path / "run", resume=True, accept_changes=True)
    assert events(tmp_path / "run", "step") == events(tmp_path / "whole", "step")


def test_a_rule_may_have_another_loss_beside_the_list(tmp_path):
    """`back` is trained by its own loss alone, all else by both of the recipe's."""
    rules = "parameters { back { loss = l1_loss(pixels, image.flatten(1)) } }\ndata {"
    parts = assemble(spec(several().replace("data {", rules, 1)), None, print)
    run = trained(tmp_path / "run", text=several().replace("data {", rules, 1))
    assert len(parts.forward.functions) == 3 and parts.forward.names == ("0", "1")
    assert not torch.equal(run.model.back.weight, by_hand()[0].back.weight)


@pytest.mark.parametrize("more", [
    "mixup = 0.2", "cutmix = 1.0", "ema = 0.9", "swa = SWA(start=0.5, every=2 steps)", 'on_nan = "skip"',
    "clip_value = 0.1", 'precision = "bf16"', "early_stop = Patience(2)", "channels_last = true", "anomaly = true",
])  # fmt: skip
def test_it_goes_with_the_other_tricks(tmp_path, more):
    run = trained(tmp_path / "run", text=several(more))
    assert len(losses_of(tmp_path / "run")) == 20 and "val.loss.1" in run.metrics


@pytest.mark.parametrize("loss, code, words", [
    ("[]", "TN0802", "a recipe needs a loss"),
    ("{}", "TN0802", "a recipe needs a loss"),
    ("[cross_entropy(logits, target), 3]", "TN0802", "is no loss"),
    ("[cross_entropy(logits, target), CrossEntropyLoss]", "TN0802", "the net gives 2 outputs"),
    ("[cross_entropi(logits, target)]", "TN0201", "`cross_entropi`"),
    ('{"a b": cross_entropy(logits, target)}', "TN0802", '"a b" is no name for a loss'),
    ("[mse_loss(pixels, image)]", "TN0", ""),
])  # fmt: skip
def test_what_cannot_be_in_a_list(loss, code, words):
    found = [each for each in compile_spec(Source("x", several(loss=loss))).diagnostics if each.is_error]
    assert found and all(each.code.startswith(code) for each in found), found
    assert any(words in each.message for each in found)


def test_a_rule_has_one_loss():
    rules = f"parameters {{ back {{ loss = {LIST} }} }}\ndata {{"
    found = compile_spec(Source("x", several().replace("data {", rules, 1))).diagnostics
    assert [each.message for each in found if each.is_error] == ["several losses are for `train`; here one is needed"]
