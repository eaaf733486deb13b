"""Forward and loss of every spec that trains are one graph of torch.compile, with no break."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from torch._dynamo.testing import CompileCounter
from torch._dynamo.utils import counters

import tnet
from tnet.render import cost
from tnet.render.sizes import example_inputs
from tnet.training.choices import CompileChoice
from tnet.training.compiled import Forward
from tnet.training.rules.players import losses_of
from tnet.training.train_accuracy import train_accuracy

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.tnet"))
TRAINED = {path.stem: path for path in SPECS if "\ntrain" in path.read_text()}
FAST = ("digits", "vae", "triplets")
"""A loss by name, one of an expression, one of a block; the others are slow together."""
BROKEN = ("dynamic", "lstm")
"""A depth that is drawn at each pass, which no graph holds (language.md, section 3); torch's recurrent layers, which
torch.compile leaves to their kernels (with its `allow_rnn`, what torch 2.15 generates for them fails)."""
BROKEN_PIECES = [("pieces", "Dynamic"), ("pieces", "Sequence")]
"""The same, of a spec that has no recipe."""
CASES = [
    (name, recipe) for name, path in TRAINED.items() if name not in BROKEN for recipe in tnet.load(path).program.recipes
]
UNTRAINED = [(path.stem, net) for path in SPECS if path.stem not in TRAINED for net in tnet.load(path).program.nets]
"""Nets without a recipe, whose forward is looked at alone."""


def forward_and_batch(spec: tnet.Spec) -> tuple[Forward, dict]:
    """What a step computes, as training puts it together, without values."""
    device, recipe, net = torch.device("meta"), spec.recipe, spec.net
    model = cost._model(spec.model_class(), spec.table)
    at = cost.sizes(net) | dict.fromkeys(cost._batch_sizes(net), 4)
    inputs = dict(zip((each.name for each in spec.data_recipe.inputs), example_inputs(net, "meta", at), strict=True))
    losses = [*recipe.losses.values(), *losses_of(spec.table)]
    built = [each.build(device) for each in losses]
    choice = CompileChoice(True)
    forward = Forward(model, built, tuple(inputs), 4, choice, recipe.precision, device, print, [*recipe.losses])
    batch = cost._batch(forward, inputs, losses, net, at, nullcontext())
    forward.device = torch.device("cpu")  # autocast knows no meta
    return forward, batch


@pytest.mark.parametrize("name, recipe", [
    pytest.param(*each, marks=[] if each[0] in FAST else pytest.mark.slow) for each in CASES
])  # fmt: skip
def test_forward_and_loss_are_one_graph(monkeypatch, name, recipe):
    """R8: with the training accuracy in it, where there is one."""
    torch._dynamo.reset()
    counters.clear()
    counter, real = CompileCounter(), torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **_: real(function, backend=counter))
    spec = tnet.load(TRAINED[name], recipe=recipe)
    forward, batch = forward_and_batch(spec)
    forward.accuracy = train_accuracy(spec.recipe, forward.device)
    several = len(forward.functions) > 1
    loss = forward.losses(batch)[0] if several else forward.loss(batch)
    forward.close()
    assert loss.requires_grad and counter.frame_count == 1 and not counters["graph_break"], counters["graph_break"]


@pytest.mark.parametrize("name, net", [
    pytest.param(*each, marks=[] if each[0] == "squeezenet" else pytest.mark.slow) for each in UNTRAINED
    if each not in BROKEN_PIECES
])  # fmt: skip
def test_forward_alone_is_one_graph(name, net):
    """R8"""
    torch._dynamo.reset()
    spec = tnet.load(SPECS[0].with_name(f"{name}.tnet"))
    it = spec.program.nets[net]
    model = cost._model(spec.model_class(net), spec._table(it))
    inputs = example_inputs(it, "meta", cost.sizes(it) | dict.fromkeys(cost._batch_sizes(it), 4))
    torch.compile(model, fullgraph=True, backend="eager")(*inputs)


@pytest.mark.parametrize("name", BROKEN)
def test_a_break_is_noticed(monkeypatch, name):
    """And left to torch.compile, which goes on around it."""
    torch._dynamo.reset()
    counter, real = CompileCounter(), torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **_: real(function, backend=counter))
    forward, batch = forward_and_batch(tnet.load(TRAINED[name]))
    forward.loss(batch)
    assert counter.frame_count > 1 or counters["graph_break"]
