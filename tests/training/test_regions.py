"""Repeated blocks are compiled once, in one graph, with the gradients of the net by hand."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from tnet.training import compiled
from tnet.training.choices import CompileChoice
from tnet.training.compiled import Forward
from tnet.training.regions import COPIES, Regions, repeated_blocks
from tnet.training.state import State
from tnet.training.step import TrainStep
from tnet.training.whole_step import MOST_TENSORS
from tnet.training.world import single


class Block(nn.Module):
    def __init__(self, norm: nn.Module):
        super().__init__()
        self.mlp, self.norm = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 6)), norm

    def forward(self, x):
        return x + self.mlp(self.norm(x))


class Wide(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.first, self.second = nn.Linear(2, size), nn.Linear(size, 2)


class Net(nn.Module):
    def __init__(self, copies: int = COPIES, norm=nn.LayerNorm):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(norm(6)) for _ in range(copies)])

    def forward(self, x):
        return self.blocks(x)


class Idle:
    """An optimizer and a schedule that leave gradients to be looked at."""

    def zero_grad(self, set_to_none: bool) -> None: ...
    def step(self) -> None: ...


@pytest.fixture
def fast(monkeypatch):
    """Everything of torch.compile but its C++ compiler."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda function, **options: real(function, **options, backend="aot_eager"))
    monkeypatch.setattr(compiled, "which", lambda name: name)


def trained(model: nn.Module, batch) -> Forward:
    device = torch.device("cpu")
    forward = Forward(
        model, [lambda output, batch: output.square().mean()], ("x",), 4, CompileChoice(True), "fp32", device, print
    )
    TrainStep(forward, single("cpu", None))(State(model, Idle(), Idle(), seed=0, step=1), batch)
    return forward


def test_a_block_of_many_copies_is_a_region_of_one_graph(fast):
    model = Net().double()
    assert len(list(model.parameters())) > MOST_TENSORS
    hand, own = copy.deepcopy(model), Block.forward
    x = torch.randn(4, 6, dtype=torch.float64)
    forward = trained(model, {"x": x})
    assert forward.regions.marked and Block.forward is not own
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    hand(x).square().mean().backward()
    for parameter, expected in zip(model.parameters(), hand.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, expected.grad)  # a graph may add in another order
    forward.close()
    assert Block.forward is own and not forward.regions.marked


def test_where_regions_do_not_compile_the_net_does(fast, monkeypatch, capsys):
    real = torch.compiler.nested_compile_region
    monkeypatch.setattr(
        torch.compiler, "nested_compile_region", lambda function: real(lambda *_: torch._dynamo.graph_break())
    )
    own = Block.forward
    model = Net()
    forward = trained(model, {"x": torch.randn(4, 6)})
    assert forward.compiles and not forward.regions.classes and Block.forward is own
    assert model.blocks[0].mlp[0].weight.grad is not None and "does not work" not in capsys.readouterr().out


def test_what_is_no_region():
    assert repeated_blocks(Net()) == [Block]
    assert repeated_blocks(Net(COPIES - 1)) == []
    assert repeated_blocks(Net(norm=nn.BatchNorm1d)) == []  # statistics change in the block
    assert repeated_blocks(nn.Sequential(*[nn.Linear(2, 2) for _ in range(COPIES)])) == []
    assert repeated_blocks(nn.Sequential(*[Wide(size) for size in range(3, 3 + 2 * COPIES)])) == []  # no two alike
    outer = nn.Sequential(*[nn.TransformerEncoderLayer(4, 2) for _ in range(COPIES)])
    assert repeated_blocks(outer) == [nn.TransformerEncoderLayer]


def test_classes_are_given_back_as_they_were():
    class Heir(Block):
        pass

    regions = Regions(nn.Sequential(*[Heir(nn.LayerNorm(6)) for _ in range(COPIES)]))
    regions.mark()
    assert "forward" in Heir.__dict__
    regions.unmark()
    assert "forward" not in Heir.__dict__ and Heir.forward is Block.forward
