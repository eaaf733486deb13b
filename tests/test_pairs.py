"""A spec and the PyTorch that a person would write for it: the same state, outputs and gradients, to the bit.

`tests/golden/pairs/name.tnet` stands beside `name.py`, which has a class for each net of the spec. `EXAMPLES` in it
gives inputs that random numbers cannot stand for (lengths, for instance).
"""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.codegen.programs import fits, same_bits, sizes_of, tensors
from tests.conftest import GOLDEN
from tnet.codegen import generate, load
from tnet.compiler import compile_spec
from tnet.diagnostics.render import render_full
from tnet.format import format_source
from tnet.ir import graph as ir
from tnet.syntax import read

pytestmark = pytest.mark.usefixtures("one_thread")
PAIRS = sorted((GOLDEN / "pairs").glob("*.tnet"))
BATCH = 3
INTEGERS = 4
"""Integer inputs are below it: every embedding of the pairs has at least so many rows."""

pairs = pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)


@cache
def nets_of(path: Path) -> dict[str, ir.Net]:
    compilation = compile_spec(read(path))
    assert compilation.ok, render_full(compilation.diagnostics)
    return compilation.program.nets


@cache
def by_hand(path: Path) -> dict[str, Any]:
    return runpy.run_path(str(path.with_suffix(".py")))


def generated(net: ir.Net) -> nn.Module:
    return load(generate(net), net.name, f"{net.name}.tnet")()


def example(net: ir.Net, given: dict[str, Tensor]) -> list[Tensor]:
    """Inputs of a net: symbolic sizes at their hints, made smaller where the net takes that, or `BATCH`."""
    torch.manual_seed(0)
    sizes = next(sizes for limit in (8, 16, 32, 64) if fits(net, sizes := sizes_of(net, limit, BATCH)))
    return [given[value.name].clone() if value.name in given else drawn(value.type, sizes) for value in net.root.inputs]


def drawn(kind: Any, sizes: dict[str, int]) -> Tensor:
    shape = [dim if isinstance(dim, int) else sizes[dim.name] for dim in kind.dims]
    dtype = getattr(torch, kind.dtype)
    if dtype == torch.bool:
        return torch.rand(shape) < 0.7
    return torch.randn(shape, dtype=dtype) if dtype.is_floating_point else torch.randint(0, INTEGERS, shape).to(dtype)


def scatter(model: nn.Module) -> None:
    """Values at which every parameter matters: constructors leave many of them 0 or 1."""
    torch.manual_seed(1)
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) + 0.5 if tensor.ndim < 2 else 0.3 * torch.randn_like(tensor))


def outcome(model: nn.Module, inputs: list[Tensor], training: bool) -> Iterator[tuple[str, Tensor | None]]:
    """Each output, gradient and buffer after a pass, under its name."""
    inputs = [each.clone().requires_grad_(each.is_floating_point()) for each in inputs]
    model.train(training)
    model.zero_grad()
    torch.manual_seed(2)
    outputs = list(tensors(model(*inputs)))
    differentiable = [each for each in outputs if each.requires_grad]
    if differentiable:
        sum(each.double().sin().sum() for each in differentiable).backward()
    yield from ((f"output {i}", each) for i, each in enumerate(outputs))
    yield from ((f"gradient of input {i}", each.grad) for i, each in enumerate(inputs))
    yield from ((f"gradient of {name}", each.grad) for name, each in model.named_parameters())
    yield from ((f"buffer {name}", each.clone()) for name, each in model.named_buffers())


def assert_equal(ours: dict[str, Tensor | None], theirs: dict[str, Tensor | None]) -> None:
    assert ours.keys() == theirs.keys()
    for name, mine in ours.items():
        other = theirs[name]
        assert (mine is None) == (other is None), name
        if mine is not None:
            assert (mine.dtype, mine.shape) == (other.dtype, other.shape), name
            assert same_bits(mine, other), name


@pairs
def test_is_formatted(path):
    assert format_source(read(path)) == path.read_text()


@pairs
def test_state_outputs_and_gradients_are_equal(path):
    for name, net in nets_of(path).items():
        hand = by_hand(path)[name]()
        model = generated(net)
        assert {k: (v.shape, v.dtype) for k, v in model.state_dict().items()} == {
            k: (v.shape, v.dtype) for k, v in hand.state_dict().items()
        }
        assert list(model.state_dict()) == list(hand.state_dict())
        scatter(hand)
        inputs = example(net, by_hand(path).get("EXAMPLES", {}))
        for training in (True, False):
            model.load_state_dict(hand.state_dict())
            assert_equal(dict(outcome(model, inputs, training)), dict(outcome(hand, inputs, training)))


@pairs
@torch._dynamo.config.patch(allow_rnn=True)  # torch leaves its recurrent layers out of graphs unless asked
def test_each_net_is_one_graph(path):
    """R8: torch.compile takes each net whole, but for a random repeat and packed sequences, which are announced."""
    for net in nets_of(path).values():
        model, inputs = generated(net), example(net, by_hand(path).get("EXAMPLES", {}))
        torch._dynamo.reset()
        compiled = torch.compile(model, fullgraph=True, backend="eager")
        if net.random_repeats or net.packs_sequences:
            assert "so it is no full graph" in generate(net)
            with pytest.raises(torch._dynamo.exc.TorchDynamoException):
                compiled(*inputs)
            continue
        state = {key: tensor.clone() for key, tensor in model.state_dict().items()}
        results = []
        for forward in (compiled, model):
            model.load_state_dict(state)
            torch.manual_seed(3)
            results.append({str(i): each for i, each in enumerate(tensors(forward(*inputs)))})
        assert_equal(*results)


def test_there_are_enough_pairs():
    assert len(PAIRS) >= 40
    assert all(path.with_suffix(".py").exists() for path in PAIRS)
