"""What a run computes in: half precision with scaled losses, as torch's own loop."""

from __future__ import annotations

import json

import pytest
import torch
from small_specs import spec, trained
from test_tricks import same_weights
from torch.nn.utils import clip_grad_norm_
from trained_by_hand import PLAIN, criterion, losses_of, seed_model, with_settings

from tnet.compiler import compile_spec
from tnet.diagnostics import SpecError
from tnet.source import Source
from tnet.training import checkpoints, evaluate_run, parts, predict

FP16 = with_settings('precision = "fp16"')


@pytest.fixture
def on_the_cpu(monkeypatch):
    """torch's scaler and autocast work on the CPU too, if slowly; only the refusal stands in the way."""
    monkeypatch.setattr(parts, "require_gpu", lambda *_: None)


def by_hand(text: str = PLAIN, clip: float | None = None, steps: int = 20):
    """The loop of https://docs.pytorch.org/docs/stable/notes/amp_examples.html, on the CPU."""
    source = spec(text)
    model = source.model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu")
    losses = []
    for step, batch in zip(range(steps), source.data().train.epoch(0), strict=False):
        optimizer.zero_grad()
        seed_model(step)
        with torch.autocast("cpu", dtype=torch.float16):
            loss = criterion(model(batch["image"]), batch["target"])
        scaler.scale(loss).backward()
        if clip:
            scaler.unscale_(optimizer)
            clip_grad_norm_(model.parameters(), clip)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    return model, losses, scaler


@pytest.mark.parametrize("settings, clip", [((), None), (("clip_norm = 0.5",), 0.5)])
def test_o11_fp16_is_torchs_recipe(tmp_path, on_the_cpu, settings, clip):
    """Gradients are unscaled before they are clipped; steps whose gradients overflow move nothing, and count."""
    run = trained(tmp_path / "run", text=with_settings('precision = "fp16"', *settings))
    model, losses, scaler = by_hand(clip=clip)
    assert losses_of(tmp_path / "run") == losses
    assert same_weights(run, model)
    saved = checkpoints.load(run.checkpoint)["parts"]["scaler"]
    assert saved == scaler.state_dict()


def test_o11_bf16_is_torchs_autocast(tmp_path):
    source = spec(PLAIN)
    model = source.model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for step, batch in zip(range(20), source.data().train.epoch(0), strict=False):
        optimizer.zero_grad()
        seed_model(step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = criterion(model(batch["image"]), batch["target"])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    run = trained(tmp_path / "run", text=with_settings('precision = "bf16"'))
    assert losses_of(tmp_path / "run") == losses and same_weights(run, model)


def test_the_scale_goes_on_where_a_run_is_taken_up(tmp_path, on_the_cpu):
    settings = ("checkpoint = Checkpoint(every=7 steps, keep=9)",)
    trained(tmp_path / "whole", text=with_settings('precision = "fp16"', *settings))
    run = trained(tmp_path / "run", text=with_settings('precision = "fp16"', *settings).replace("= 20", "= 14"))
    assert run.checkpoint.name == "step-00000014"
    more = spec(with_settings('precision = "fp16"', *settings))
    more.train(out=tmp_path / "run", resume=True, accept_changes=True)
    assert losses_of(tmp_path / "run") == losses_of(tmp_path / "whole")


def test_an_overflow_lowers_the_scale_and_skips_the_step(tmp_path, on_the_cpu, monkeypatch):
    """At a scale that no gradient survives, parameters stay until it has been halved often enough."""
    start = torch.amp.GradScaler.__init__
    monkeypatch.setattr(torch.amp.GradScaler, "__init__", lambda self, device: start(self, device, 2.0**40))
    run = trained(tmp_path / "run", text=FP16)
    model, losses, scaler = by_hand()
    assert losses_of(tmp_path / "run") == losses and scaler.get_scale() < 2.0**40
    assert same_weights(run, model)


def test_skipped_steps_are_told_apart_from_a_loss_that_is_none(tmp_path, on_the_cpu, capsys):
    """`on_nan = "skip"` beside the scaler: the scale goes down although the step is skipped by the setting."""
    trained(tmp_path / "run", text=with_settings('precision = "fp16"', 'on_nan = "skip"'))
    assert losses_of(tmp_path / "run") == by_hand()[1]


@pytest.mark.parametrize("more", [
    "accumulate = 4", "mixup = 0.2", "ema = 0.9", "swa = SWA(start=0.5, every=2 steps)", "clip_value = 0.1",
])  # fmt: skip
def test_fp16_goes_with_the_other_tricks(tmp_path, on_the_cpu, more):
    run = trained(tmp_path / "run", text=with_settings('precision = "fp16"', more))
    assert all(torch.isfinite(each).all() for each in run.model.parameters())


def test_fp16_with_an_optimizer_whose_parameters_are_all_frozen(tmp_path, on_the_cpu):
    rules = "parameters { conv { freeze = 10 steps; optimizer = AdamW(lr=0.01) } }\ndata {"
    run = trained(tmp_path / "run", text=FP16.replace("data {", rules, 1))
    assert not torch.equal(run.model.conv.weight, spec(PLAIN).model().conv.weight)


def test_fp16_without_a_gpu_is_found_before_anything_runs(tmp_path):
    """O11"""
    for text in (FP16, with_settings('precision = "fp16"', 'device = "cpu"')):
        with pytest.raises(SpecError) as caught:
            trained(tmp_path / "run", text=text)
        (found,) = [each for each in caught.value.diagnostics if each.is_error]
        assert found.code == "TN0803" and "needs a GPU" in found.message and "bf16" in found.help
    assert not (tmp_path / "run").exists()


def test_evaluation_in_half_precision_is_in_the_events(tmp_path, on_the_cpu):
    trained(tmp_path / "run", text=FP16)
    last = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-2])
    assert last["event"] == "evaluate" and 0 <= last["val.accuracy"] <= 1


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_e6_the_whole_run_in_another_dtype(tmp_path, dtype):
    """E6: parameters, data, loss and averages; as by hand with torch's default dtype set."""
    text = with_settings(f'dtype = "{dtype}"', "ema = 0.9")
    source, wanted = spec(text), getattr(torch, dtype)
    model = source.model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for step, batch in zip(range(20), source.data().train.epoch(0), strict=False):
        optimizer.zero_grad()
        seed_model(step)
        loss = criterion(model(batch["image"].to(wanted)), batch["target"])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    run = trained(tmp_path / "run", text=text)
    assert losses_of(tmp_path / "run") == losses
    assert all(each.dtype == wanted for each in run.model.parameters()) and torch.get_default_dtype() == torch.float32
    kept = checkpoints.load(run.checkpoint)["model"]
    assert all(torch.equal(kept[name], each) for name, each in model.state_dict().items())
    assert evaluate_run(tmp_path / "run", "val")["val.loss"] == pytest.approx(run.metrics["val.loss"], rel=1e-2)
    (answer,) = predict(tmp_path / "run", [torch.zeros(1, 1, 8, 8)])
    assert len(answer["output"]) == 10


@pytest.mark.parametrize("more", [
    "mixup = 0.2", "accumulate = 2", "clip_norm = 1.0", "channels_last = true", "swa = SWA(start=0.5, every=2 steps)",
    'on_nan = "skip"', "compile = true",
])  # fmt: skip
def test_another_dtype_goes_with_the_other_tricks(tmp_path, more):
    text = with_settings("dtype = float64", "" if "compile" in more else more)
    run = trained(tmp_path / "run", text=text.replace("compile   = false", more) if "compile" in more else text)
    assert run.model.head.weight.dtype == torch.float64


def test_other_losses_and_class_weights_in_another_dtype(tmp_path):
    loss = "0.5 * cross_entropy(logits, target) + 0.5 * nll_loss(log_softmax(logits, 1), target)"
    text = with_settings('dtype = "float64"').replace("CrossEntropyLoss(label_smoothing=0.05)", loss)
    trained(tmp_path / "expression", text=text)
    weighted = f"CrossEntropyLoss(weight={[1.0 + n for n in range(10)]})"
    trained(tmp_path / "weights", text=text.replace(loss, weighted))
    assert spec(text).plan().cost.parameters == 2 * spec(PLAIN).plan().cost.parameters


@pytest.mark.parametrize("lines, code, words", [
    (('dtype = "float8"',), "TN0802", '`dtype` is one of "float32"'),
    (("dtype = int64",), "TN0802", '`dtype` is one of "float32"'),
    (('dtype = "float64"', 'precision = "bf16"'), "TN0803", "`dtype` makes it another net"),
])  # fmt: skip
def test_dtypes_that_cannot_be(lines, code, words):
    found = [each for each in compile_spec(Source("x", with_settings(*lines))).diagnostics if each.is_error]
    assert [each.code for each in found] == [code] and words in found[0].message
