"""The rules of the gallery's specs give what a PyTorch programmer would write by hand."""

from pathlib import Path

import pytest
import torch
import torchvision
from specs_by_hand import chosen, class_of
from torch import nn

from tnet.elaborate import elaborate
from tnet.ir.program import Override
from tnet.parameters import build, groups, resolve, stream_key
from tnet.syntax import parse, read
from tnet.training import optimizers, schedules

SPECS = Path(__file__).parents[2] / "specs"


def compiled(name, **hypers):
    program, _ = elaborate(parse(read(SPECS / f"{name}.tnet")), [Override(*each) for each in hypers.items()])
    blocks = {"Basic", "Bottleneck", "Attention", "Layer"}
    table, diagnostics = resolve(program.net(), program.rules[None], chosen(program), blocks)
    return program, table, diagnostics


def with_key(name, function, tensor, **kwargs):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_key(42, name))
        return function(torch.empty_like(tensor), **kwargs)


def test_digits():
    program, table, diagnostics = compiled("digits")
    assert not diagnostics
    summary = [
        (group.name, group.parameters, group.options["lr"], group.options["weight_decay"]) for group in groups(table)
    ]
    assert summary == [
        ("default", ["features.0.weight", "features.3.weight"], 4e-3, 0.02),
        (":bias, :norm", ["features.1.weight", "features.1.bias", "features.4.weight", "features.4.bias"], 4e-3, 0.0),
        ("head", ["head.weight"], 2e-3, 0.02),
        (":bias, :norm + head", ["head.bias"], 2e-3, 0.0),
    ]
    model = build(class_of(table.net), table.net, table, 42)
    for name in ("features.0.weight", "features.3.weight"):
        weight = model.get_parameter(name)
        assert torch.equal(weight, with_key(name, nn.init.kaiming_normal_, weight, mode="fan_out", nonlinearity="relu"))
    assert torch.equal(model.head.weight, with_key("head.weight", nn.init.xavier_normal_, model.head.weight))
    assert (
        not model.head.bias.any() and not model.features[1].bias.any() and bool((model.features[1].weight == 1).all())
    )


def test_digits_schedule_over_the_groups():
    program, table, _ = compiled("digits")
    setting = program.recipes[None].settings["schedule"]
    model = build(class_of(table.net), table.net, table, 0)
    optimizer = optimizers.build(model, groups(table))
    scheduler = schedules.choose(setting.value, setting.value_span).build(optimizer, 23, 15 * 23)
    seen = []
    for _ in range(15 * 23):
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    assert seen[0] == pytest.approx([4e-4, 4e-4, 2e-4, 2e-4]) and seen[23] == [4e-3, 4e-3, 2e-3, 2e-3]
    assert max(seen[-1]) < 1e-6


@pytest.mark.parametrize("depth", [18, 50])
def test_resnet_has_torchvisions_groups_and_distributions(depth):
    program, table, diagnostics = compiled("resnet", depth=depth)
    assert not diagnostics
    theirs = getattr(torchvision.models, f"resnet{depth}")()
    default, undecayed = groups(table)
    assert default.parameters == [name for name, value in theirs.named_parameters() if value.ndim > 1]
    assert undecayed.options["weight_decay"] == 0 and undecayed.options["nesterov"] is True
    model = build(class_of(table.net), table.net, table, 0)
    for (name, ours), (other, value) in zip(model.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == other and ours.shape == value.shape
        assert ours.std(correction=0).item() == pytest.approx(value.std(correction=0).item(), rel=0.1), name


def test_gpt_scales_the_last_projection_of_each_layer():
    program, table, diagnostics = compiled("gpt", depth=2)
    assert not diagnostics
    assert str(table.init("layers.0.attn.proj.weight")) == "normal(std=0.01)"
    assert str(table.init("layers.0.attn.qkv.weight")) == "normal(std=0.02)"
    assert table.init("position") is None and str(table.init("embed.weight")) == "normal(std=0.02)"
    model = build(class_of(table.net), table.net, table, 1)
    assert model.position.std().item() == pytest.approx(0.02, rel=0.05)
    assert [group.name for group in groups(table)] == ["default", ":vector"]
