"""A step as one graph is the step of the loop by hand, in float64 to the rounding of torch's traced optimizers."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

from tnet.parameters.values import NormChoice
from tnet.training import compiled
from tnet.training.choices import CompileChoice
from tnet.training.clip_norm import ClipNorm
from tnet.training.compiled import Forward
from tnet.training.state import State
from tnet.training.whole_step import MOST_TENSORS, WholeStep

SIZE, STEPS = 8, 7
CLOSE = 1e-6
"""Traced, torch's optimizers compute with their count of steps, which is a float32 tensor, in place of a number."""
OPTIMIZERS = {
    "SGD": partial(torch.optim.SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "AdamW": partial(torch.optim.AdamW, lr=0.01),
    "RMSprop": partial(torch.optim.RMSprop, lr=0.01),
    "Adafactor": partial(torch.optim.Adafactor, lr=0.01),  # reads numbers from its tensors: no graph can be had
}


class Net(nn.Module):
    """A net with a buffer, and with a parameter that no step uses."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(6, 5, bias=False), nn.BatchNorm1d(5), nn.Linear(5, 3)
        self.unused = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return self.last(torch.tanh(self.norm(self.first(x))))


@pytest.fixture
def graphs(monkeypatch):
    """Counts graphs, made by everything of torch.compile but its C++ compiler."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    torch.manual_seed(0)
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **options: real(function, **options, backend="aot_eager"))
    monkeypatch.setattr(compiled, "which", lambda name: name)
    return lambda: torch._dynamo.utils.counters["stats"]["unique_graphs"]


def loss_of(output, batch):
    return nn.functional.cross_entropy(output, batch["target"])


def batches():
    """Full ones and, in the third place, a smaller one."""
    for number in range(STEPS):
        size = 3 if number == 2 else SIZE
        yield {"x": torch.randn(size, 6, dtype=torch.float64), "target": torch.randint(3, (size,))}


def whole(model: nn.Module, optimizer: torch.optim.Optimizer, hooks=()) -> tuple[WholeStep, State]:
    forward = Forward(model, [loss_of], ("x",), SIZE, CompileChoice(True), "fp32", torch.device("cpu"), print)
    return WholeStep(forward, hooks), State(model, optimizer, None, seed=0)


def by_hand(model, optimizer, batch, most: float | None = None) -> float:
    optimizer.zero_grad()
    loss = loss_of(model(batch["x"]), batch)
    loss.backward()
    if most:
        clip_grad_norm_(model.parameters(), most)
    optimizer.step()
    return loss.item()


@pytest.mark.parametrize(("name", "most"), [("SGD", 0.1), ("AdamW", 0.1), ("RMSprop", None), ("Adafactor", None)])
def test_r8_one_graph_of_a_step_is_the_step(graphs, name, most):
    model = Net().double()
    hand = copy.deepcopy(model)
    optimizer, own = OPTIMIZERS[name](model.parameters()), OPTIMIZERS[name](hand.parameters())
    hooks = [ClipNorm(NormChoice(most, 2.0)).after_backward] if most else []
    step, state = whole(model, optimizer, hooks)
    for batch in batches():
        loss = step(state, batch)
        if loss is None:
            loss = by_hand(model, optimizer, batch, most)
        assert float(loss) == pytest.approx(by_hand(hand, own, batch, most), rel=CLOSE)
        state.step += 1
        for each in (optimizer, own):  # a schedule moves the rate, which must not compile anything again
            rate = each.param_groups[0]["lr"]
            each.param_groups[0]["lr"] = rate.mul_(0.9) if isinstance(rate, torch.Tensor) else rate * 0.9
    assert step.works is (name != "Adafactor") and graphs() == (name != "Adafactor")
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, hand.state_dict()[key], rtol=CLOSE, atol=CLOSE)
    assert torch.equal(model.unused, torch.ones(4, dtype=torch.float64))  # weight decay needs a gradient, too


def test_rebuilding_follows_what_is_trained(graphs):
    model = Net().double()
    step, state = whole(model, torch.optim.AdamW(model.parameters(), lr=0.01))
    model.first.requires_grad_(False)
    before = model.first.weight.clone()
    for number, batch in enumerate(batches()):
        state.step = number + 1
        if number == 4:
            assert torch.equal(model.first.weight, before)
            model.first.requires_grad_(True)
            step.forward.rebuild()
        step(state, batch)
    assert step.works and graphs() == 2 and not torch.equal(model.first.weight, before)


def test_sparse_gradients_are_left_to_the_loop(graphs):
    model = nn.Sequential(nn.Embedding(4, 3, sparse=True))
    step, state = whole(model, torch.optim.SGD(model.parameters(), lr=0.1))
    state.step = 1
    assert step(state, {"x": torch.randint(4, (SIZE,)), "target": torch.randint(3, (SIZE,))}) is None and not step.works


def test_deep_nets_are_not_made_one_graph(graphs):
    """Compiling all of a step at once takes far longer than its parts, from some size on."""
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(MOST_TENSORS // 2 + 1)])
    step, state = whole(model, torch.optim.SGD(model.parameters(), lr=0.1))
    state.step = 1
    assert step(state, {"x": torch.ones(SIZE, 2), "target": torch.zeros(SIZE, dtype=torch.long)}) is None
