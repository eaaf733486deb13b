"""Models of torchvision from specs, beside the same surgery by hand in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from tnet.codegen import generate, load
from tnet.compiler import compile_spec
from tnet.ir.graph import Net
from tnet.source import Source


def net_of(text: str) -> Net:
    compilation = compile_spec(Source("<test>", text))
    assert compilation.ok, compilation.diagnostics
    return compilation.program.net()


def generated(net: Net) -> type[nn.Module]:
    return load(generate(net), net.name, f"<{net.name}>")


def values_for(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Values at which a deep net neither dies nor grows without end; each tensor's from its own place in the order."""
    generator = torch.Generator().manual_seed(0)
    values = {}
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            values[name] = torch.zeros(tensor.shape, dtype=tensor.dtype)
        elif tensor.ndim < 2:
            values[name] = torch.rand(tensor.shape, generator=generator) + 0.5
        else:
            scale = (2 / tensor[0].numel()) ** 0.5
            values[name] = torch.randn(tensor.shape, generator=generator) * scale
    return values


def assert_same(net: Net, by_hand: Callable[[], nn.Module], inputs: torch.Tensor, label: str = "model") -> None:
    """The state's names in order, outputs, gradients and buffers in training: equal to the last bit.

    `by_hand` makes what the net has under `label`. Nothing is drawn: both are built on the meta device.
    """
    with torch.device("meta"):
        ours, theirs = generated(net)(), by_hand()
    names = list(theirs.state_dict())
    assert list(ours.state_dict()) == [f"{label}.{name}" for name in names]
    values = values_for(theirs.state_dict())
    held = {name for name, _ in theirs.named_buffers()}  # buffers change, parameters can be shared
    theirs.load_state_dict(values, assign=True)
    ours.load_state_dict({f"{label}.{k}": v.clone() if k in held else v for k, v in values.items()}, assign=True)
    assert_equal(outcome(ours, inputs, True), outcome(theirs, inputs, True))


def outcome(model: nn.Module, inputs: torch.Tensor, training: bool) -> list[Any]:
    model.train(training).zero_grad()
    torch.manual_seed(1)
    results = tensors(model(inputs))
    sum(each.square().mean() for each in results).backward()
    return [*results, *(parameter.grad for parameter in model.parameters()), *model.buffers()]


def tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    items = value.values() if isinstance(value, dict) else value
    return [each for item in items for each in tensors(item)]


def assert_equal(ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine is None) == (other is None)
        assert mine is None or torch.equal(mine, other) and bool(mine.isfinite().all())
