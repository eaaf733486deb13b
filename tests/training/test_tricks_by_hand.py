"""More tricks against loops by hand: bit-equal losses over twenty steps, and equal weights at the end."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small_specs import spec, trained
from test_tricks import box, draws, partners, same_weights, taught
from torch.nn.utils import clip_grad_norm_
from trained_by_hand import PLAIN, ByHand, criterion, losses_of, plain_steps, seed_model, with_settings

from tnet.data import streams

DRAWS = torch.Generator().manual_seed(0)
IMAGES, CLASSES = torch.randn(150, 1, 8, 8, generator=DRAWS), torch.arange(150) % 10
"""Five batches of an epoch, the last of 22."""
DATA = {"train": (IMAGES, CLASSES), "val": (IMAGES[:9], CLASSES[:9])}


def steps_of(source, data, steps: int = 20):
    """Number and batch of each step, over as many epochs as it takes."""
    loader, done = source.data_recipe.load(42, 32, data=data).train, 0
    while done < steps:
        for batch in loader.epoch(done // len(loader)):
            if done < steps:
                yield done, batch
                done += 1


def in_parts(source, data, loss, parts: int = 4, optimizer=None):
    """The handbooks' accumulation; `loss(outputs, part, share)` is what a part adds."""
    model = source.model()
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for step, batch in steps_of(source, data):
        optimizer.zero_grad()
        seed_model(step)
        found = torch.zeros(())
        pieces = (batch["image"].tensor_split(parts), batch["target"].tensor_split(parts))
        for image, target in zip(*pieces, strict=True):
            value = loss(model(image), {"image": image, "target": target}, len(image) / len(batch["image"]))
            value.backward()
            found = found + value.detach()
        optimizer.step()
        losses.append(found.item())
    return model, losses


def test_o10_accumulation_with_a_shorter_last_window(tmp_path):
    """O10: the last batch of an epoch has 22 samples, in parts of 6, 6, 5 and 5 that count by their samples."""
    source = spec(with_settings("accumulate = 4"))
    run = source.train(out=tmp_path / "run", data=DATA)
    model, losses = in_parts(spec(PLAIN), DATA, lambda outputs, part, share: criterion(outputs, part["target"]) * share)
    assert losses_of(tmp_path / "run") == losses and same_weights(run, model)


WEIGHTS = [1.0 + 0.5 * number for number in range(10)]


@pytest.mark.parametrize("loss", [
    f"CrossEntropyLoss(weight={WEIGHTS})", f"CrossEntropyLoss(weight={WEIGHTS}, label_smoothing=0.1)",
    "CrossEntropyLoss(ignore_index=3)",
])  # fmt: skip
@pytest.mark.parametrize("more", [(), ("mixup = 0.2",), ("compile = true",)])
def test_o10_parts_count_by_the_weights_of_their_targets(tmp_path, loss, more):
    """O10, L1: also where a part has no target that counts. To rounding: a batch in parts is added up in another
    order."""
    text = PLAIN.replace("CrossEntropyLoss(label_smoothing=0.05)", loss).replace("Dropout(0.2)", "")
    text = text.replace("-> norm: BatchNorm2d ", "").replace("lr=0.1", "lr=0.01")
    if "compile = true" in more:
        text, more = text.replace("compile   = false", 'compile = Compile(backend="aot_eager")'), ()
        torch._dynamo.reset()
    data = DATA | {"train": (IMAGES, CLASSES.where(torch.arange(150) % 7 == 0, 3))}
    found = {}
    for parts in (1, 4):
        lines = (*more, f"accumulate = {parts}")
        spec(with_settings(*lines, text=text)).train(out=tmp_path / str(parts), data=data)
        found[parts] = losses_of(tmp_path / str(parts))
    assert found[4] == pytest.approx(found[1], rel=1e-5)


@pytest.mark.parametrize("written, largest, kind", [("1.0", 1.0, 2.0), ("Norm(3, type=1)", 3.0, 1.0)])
def test_o9_clipping_by_norm(tmp_path, written, largest, kind):
    """O9"""
    run = trained(tmp_path / "run", text=with_settings(f"clip_norm = {written}"))
    expected = ByHand(before_update=lambda model: clip_grad_norm_(model.parameters(), largest, kind))
    assert losses_of(tmp_path / "run") == expected.losses != ByHand().losses
    assert same_weights(run, expected.model)


def test_l1_class_weights(tmp_path):
    """L1"""
    run = trained(tmp_path / "run", text=PLAIN.replace("label_smoothing=0.05", f"weight={WEIGHTS}"))

    def weighted(model, batch, step):
        seed_model(step)
        return F.cross_entropy(model(batch["image"]), batch["target"], torch.tensor(WEIGHTS))

    expected = ByHand(loss=weighted)
    assert losses_of(tmp_path / "run") == expected.losses != ByHand().losses
    assert same_weights(run, expected.model)


@pytest.mark.parametrize("options", ["foreach=true", "foreach=false", "fused=true"])
def test_the_optimizers_implementations_are_torchs(tmp_path, options):
    name, _, value = options.partition("=")
    text = PLAIN.replace("SGD(lr=0.1, momentum=0.9)", f"AdamW(lr=0.01, {options})")
    run = trained(tmp_path / "run", text=text)
    source = spec(PLAIN)
    model = source.model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, **{name: value == "true"})
    losses = plain_steps(model, optimizer, source.data().train.epoch(0))
    assert losses_of(tmp_path / "run") == losses and same_weights(run, model)


SOMETIMES = PLAIN.replace("  flatten(1)\n", "  flatten(1)\n  repeat randint(0, 2) shared { Linear(16) }\n")


def test_o12_gradients_are_set_to_none(tmp_path):
    """O12: a layer that a step leaves out does not move by its momentum, as it would with gradients of zeros."""
    run = trained(tmp_path / "run", text=SOMETIMES)

    def by_hand(set_to_none: bool):
        source = spec(SOMETIMES)
        model = source.model()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        losses = []
        for step, batch in zip(range(20), source.data().train.epoch(0), strict=False):
            optimizer.zero_grad(set_to_none=set_to_none)
            seed_model(step)
            loss = criterion(model(batch["image"]), batch["target"])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return model, losses

    model, losses = by_hand(set_to_none=True)
    assert losses_of(tmp_path / "run") == losses != by_hand(set_to_none=False)[1]
    assert same_weights(run, model)


@pytest.mark.parametrize("lines", [
    ("benchmark = true",), ("deterministic = true",), ('matmul = "high"',), ('matmul = "medium"',), ("threads = 1",),
    ('device = "cpu"',), ("snoop = true",), ("profile = Profile(steps=4)",), ("log = [tensorboard]",),
    ("evaluate = 3 steps", 'checkpoint = Checkpoint(every=2 steps, best="val.loss")', "early_stop = Patience(20)"),
    ("evaluate = none", "checkpoint = none"),
])  # fmt: skip
def test_what_looks_on_or_sets_up_the_process_changes_no_bit(tmp_path, lines):
    """E3, E4, E7: on a CPU these settings of the process change no number, as in the loop by hand with them set."""
    run = trained(tmp_path / "run", text=with_settings(*lines))
    torch.set_float32_matmul_precision("medium" if "medium" in lines[0] else "highest")
    expected = ByHand()
    torch.set_float32_matmul_precision("highest")
    assert losses_of(tmp_path / "run") == expected.losses
    if "best" not in "".join(lines):
        assert same_weights(run, expected.model)


PAIR = """
net Pair(left: float[N, 1, 8, 8], right: float[N, 3, 8, 8]) -> logits: float[N, 10] {
  y = left -> one: Conv2d(4, 3)
  z = right -> two: Conv2d(4, 3)
  x = cat([y, z], dim=1)
  relu
  flatten(1)
  head: Linear(10)
}

""" + PLAIN[PLAIN.index("train {") :]
RIGHT = torch.randn(700, 3, 8, 8, generator=DRAWS)
LEFT, TARGET = torch.randn(700, 1, 8, 8, generator=DRAWS), torch.arange(700) % 10


def blended(values, step):
    index, lam = partners(step), draws(step).beta(0.2, 0.2)
    return [lam * value + (1 - lam) * value[index] for value in values], lam


def pasted(values, step):
    index, generator = partners(step), draws(step)
    (top, bottom), (left, right) = (box(8, lam := generator.beta(1.0, 1.0), generator), box(8, lam, generator))
    mixed = [value.clone() for value in values]
    for value, whole in zip(mixed, values, strict=True):
        value[:, :, top:bottom, left:right] = whole[index, :, top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / 64


@pytest.mark.parametrize("setting, mix", [("mixup = 0.2", blended), ("cutmix = 1.0", pasted)])
def test_l4_mixing_of_several_inputs(tmp_path, setting, mix):
    """L4: all inputs of a sample have the same partner, weight and box."""
    data = {"left": LEFT, "right": RIGHT, "target": TARGET}
    run = spec(with_settings(setting, text=PAIR)).train(out=tmp_path / "run", data=data)
    source = spec(PAIR)
    model, losses = source.model(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step, batch in steps_of(source, data):
        optimizer.zero_grad()
        (left, right), lam = mix([batch["left"], batch["right"]], step)
        outputs, target = model(left, right), batch["target"]
        loss = lam * criterion(outputs, target) + (1 - lam) * criterion(outputs, target[partners(step)])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses_of(tmp_path / "run") == losses and same_weights(run, model)


def test_l4_mixing_numbers(tmp_path):
    """L4: any loss; here of numbers."""
    text = PLAIN.replace("CrossEntropyLoss(label_smoothing=0.05)", "SmoothL1Loss(beta=0.5)").replace("[accuracy]", "[]")
    numbers = torch.from_numpy(np.random.default_rng(0).standard_normal((150, 10), dtype=np.float32))
    run = spec(with_settings("mixup = 0.2", text=text)).train(out=tmp_path / "run", data=(IMAGES, numbers))
    source = spec(text)
    model, losses = source.model(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step, batch in steps_of(source, (IMAGES, numbers)):
        optimizer.zero_grad()
        order = torch.randperm(
            len(batch["target"]), generator=torch.Generator().manual_seed(streams.key(42, "partners", step, 0))
        )
        lam, x, y = draws(step).beta(0.2, 0.2), batch["image"], batch["target"]
        seed_model(step)
        outputs = model(lam * x + (1 - lam) * x[order])
        one, other = (F.smooth_l1_loss(outputs, each, beta=0.5) for each in (y, y[order]))
        loss = lam * one + (1 - lam) * other
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses_of(tmp_path / "run") == losses and same_weights(run, model)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_l5_distillation_in_parts(tmp_path, monkeypatch, reduction):
    """L5, O10: what the teacher says counts once a batch, whether the loss is a mean or a sum of its parts."""
    monkeypatch.chdir(tmp_path)
    rate = {"mean": 0.1, "sum": 0.002}[reduction]
    text = PLAIN.replace("label_smoothing=0.05", f'reduction="{reduction}"').replace("lr=0.1", f"lr={rate}")
    work, teacher = taught(tmp_path, text=with_settings("accumulate = 4", text=text))
    run = work()

    def distilled(outputs, part, share):
        own = F.cross_entropy(outputs, part["target"], reduction=reduction)
        shares = torch.log_softmax(outputs / 3, 1), torch.softmax(teacher(part["image"]) / 3, 1)
        if reduction == "mean":
            return (own + 0.5 * 3.0**2 * F.kl_div(*shares, reduction="batchmean")) * share
        return own + 0.5 * 3.0**2 * (F.kl_div(*shares, reduction="sum") / 32)

    source = spec(text)
    model = source.model()
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    losses = []
    for step, batch in zip(range(20), source.data().train.epoch(0), strict=False):
        optimizer.zero_grad()
        seed_model(step)
        total = torch.zeros(())
        for image, target in zip(batch["image"].chunk(4), batch["target"].chunk(4), strict=True):
            value = distilled(model(image), {"image": image, "target": target}, 0.25)
            value.backward()
            total = total + value.detach()
        optimizer.step()
        losses.append(total.item())
    assert losses_of(tmp_path / "run") == losses and same_weights(run, model)
